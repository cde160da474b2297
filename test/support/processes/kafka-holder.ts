import {KafkaCluster} from '../../servers/kafka-cluster.ts';

/** Starts a broker, writes its process id, and stays. */
const cluster = await KafkaCluster.start();
process.stdout.write(`${cluster.pidOf(1)}\n`);
setInterval(() => undefined, 60_000);
