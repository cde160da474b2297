import type {Conditions} from '../common/conditions.ts';
import type {Logger} from '../common/logger.ts';
import type {Outage} from '../kafka/kafkajs/connection/reachability.ts';

/** Who is in the condition: not one component, but what all of them need. */
const SUBJECT = 'kafka';

interface KafkaOutageDeps {
  readonly conditions: Conditions;
  readonly logger: Logger;
}

/** Tells of an outage of the whole cluster: the condition KAFKA_UNREACHABLE for as long as it lasts, and a line when it begins. */
export class KafkaOutage {
  readonly #bootstrapServers: readonly string[];
  readonly #deps: KafkaOutageDeps;
  #since: number | undefined;

  constructor(bootstrapServers: readonly string[], deps: KafkaOutageDeps) {
    this.#bootstrapServers = bootstrapServers;
    this.#deps = deps;
  }

  /** What the last look found. */
  seen(outage: Outage | undefined): void {
    const {conditions, logger} = this.#deps;
    const before = this.#since;
    this.#since = outage?.since;
    if (outage !== undefined) {
      const message = outageMessage(this.#bootstrapServers, outage);
      conditions.raise({code: 'KAFKA_UNREACHABLE', subject: SUBJECT, message});
      if (before === undefined)
        logger.error({code: 'KAFKA_UNREACHABLE', subject: SUBJECT}, message);
    } else if (before !== undefined) {
      conditions.clear('KAFKA_UNREACHABLE', SUBJECT);
    }
  }
}

/** Whether asking Kafka now means waiting until it answers again. */
export function isKafkaOut(conditions: Conditions): boolean {
  return conditions
    .list()
    .some(({code, subject}) => code === 'KAFKA_UNREACHABLE' && subject === SUBJECT);
}

function outageMessage(bootstrapServers: readonly string[], {since, reason}: Outage): string {
  return `Kafka at ${bootstrapServers.join(', ')}: no broker has answered since ${new Date(since).toISOString()} (${reason}); check the brokers, bootstrap.servers and the network. Nothing is lost: it goes on by itself when they answer.`;
}
