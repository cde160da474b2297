import {messageOf} from '../../common/errors.ts';
import {RejectedRowError} from '../warehouse-sink.ts';

/** DuckDB's errors about a value; what is wrong with the disk, the memory or the table is no row's fault. */
const valueErrors = /^(?:Invalid Input|Conversion|Out of Range|Constraint|Mismatch Type) Error/;

/** Whether a batch failed because of what stands in one of its rows. */
export function isRejection(error: unknown): boolean {
  return error instanceof RejectedRowError || valueErrors.test(messageOf(error));
}

/** Why, without the staging file's path and lines and without DuckDB's advice on reading other files. */
export function rejectionReason(error: unknown): string {
  const [line = ''] = messageOf(error).split('\n');
  return line
    .replaceAll(/,?(?: at byte \d+)? in (?:line \d+|file ".*?")/g, '')
    .replace(/\. (?:Try .*)?$/, '');
}
