import type {DebeziumProfile} from './debezium-profile.ts';
import type {EventFormOptions} from './event-form.ts';

/** What the change events of one source are like, under the names of Debezium. */
export interface EventOptions extends Omit<EventFormOptions, 'afterStateOnly'> {
  readonly profile: DebeziumProfile;
  /** Transaction blocks in events, and BEGIN and END records. */
  readonly provideTransactionMetadata: boolean;
  /** `topic.transaction`: the last part of the topic of BEGIN and END records. */
  readonly topicTransaction: string;
  /** Which logical decoding messages become events, by their prefix: regular expressions. All where both are absent. */
  readonly messagePrefixInclude?: readonly string[] | undefined;
  readonly messagePrefixExclude?: readonly string[] | undefined;
  /** `message.key.columns`; empty for the tables' own keys. */
  readonly messageKeyColumns: string;
}

export const eventDefaults: EventOptions = {
  profile: '3',
  skippedOperations: ['t'],
  tombstonesOnDelete: true,
  deleteTombstoneHandlingMode: 'rewrite-with-tombstone',
  provideTransactionMetadata: false,
  topicTransaction: 'transaction',
  messageKeyColumns: '',
};
