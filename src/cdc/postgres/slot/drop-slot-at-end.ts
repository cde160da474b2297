import type {Clock} from '../../../common/clock.ts';
import type {Logger} from '../../../common/logger.ts';
import {postgresError} from '../connection/errors.ts';
import type {ErrorContext} from '../connection/errors.ts';
import {dropSlotOf} from './slot.ts';

/** How often and in which distance to try to drop the slot at the end. */
const dropAttempts = 20;
const dropDelayMs = 100;

/** The walsender may still be on its way out, so a few times; what keeps the slot then is told and left. */
export async function dropSlotAtEnd(
  context: ErrorContext,
  {clock, logger}: {readonly clock: Clock; readonly logger: Logger},
): Promise<void> {
  const {name: source, slotName: slot} = context;
  for (let attempt = 1; ; attempt++) {
    try {
      await dropSlotOf(context, slot);
      return logger.info({source, slot}, 'dropped the slot');
    } catch (error) {
      const {code, message} = postgresError(error, context);
      if (code === 'CDC_SLOT_LOST') return;
      if (code !== 'CDC_SLOT_IN_USE' || attempt === dropAttempts)
        return logger.warn({source, code}, `the slot stays: ${message}`);
    }
    await clock.sleep(dropDelayMs);
  }
}
