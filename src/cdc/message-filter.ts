/** Whether messages with this prefix become events. */
export type MessageFilter = (prefix: string) => boolean;

/** Prefixes of the messages that the service writes for itself, which never become events. */
const OWN_PREFIX = 'millrace.';

/** `message.prefix.include.list`, else `message.prefix.exclude.list`, as Debezium reads them; with neither, all of them. */
export function messageFilter(lists: {
  readonly messagePrefixInclude?: readonly RegExp[] | undefined;
  readonly messagePrefixExclude?: readonly RegExp[] | undefined;
}): MessageFilter {
  const {messagePrefixInclude: include, messagePrefixExclude: exclude} = lists;
  return (prefix) => {
    if (prefix.startsWith(OWN_PREFIX)) return false;
    if (include !== undefined) return include.some((pattern) => pattern.test(prefix));
    return exclude?.some((pattern) => pattern.test(prefix)) !== true;
  };
}
