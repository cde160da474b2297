import {anchoredPattern} from '../../common/anchored-pattern.ts';

/** Whether messages with this prefix become events. */
export type MessageFilter = (prefix: string) => boolean;

/** Prefixes of the messages that the service writes for itself, which never become events. */
const OWN_PREFIX = 'millrace.';

/** `message.prefix.include.list`, else `message.prefix.exclude.list`, as Debezium reads them; with neither, all of them. */
export function messageFilter(lists: {
  readonly messagePrefixInclude?: readonly string[] | undefined;
  readonly messagePrefixExclude?: readonly string[] | undefined;
}): MessageFilter {
  const include = lists.messagePrefixInclude?.map(anchoredPattern);
  const exclude = lists.messagePrefixExclude?.map(anchoredPattern);
  return (prefix) => {
    if (prefix.startsWith(OWN_PREFIX)) return false;
    if (include !== undefined) return include.some((pattern) => pattern.test(prefix));
    return exclude?.some((pattern) => pattern.test(prefix)) !== true;
  };
}
