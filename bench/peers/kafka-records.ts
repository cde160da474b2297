import {Kafka, logLevel} from 'kafkajs';

/** The sum of the end offsets of all topics but Kafka's own two: data, changelogs and the markers of transactions. */
export async function kafkaRecords(brokers: readonly string[]): Promise<number> {
  const kafka = new Kafka({brokers: [...brokers], logLevel: logLevel.NOTHING});
  const admin = kafka.admin();
  await admin.connect();
  try {
    const topics = (await admin.listTopics()).filter((topic) => !topic.startsWith('__'));
    const ends = await Promise.all(topics.map((topic) => admin.fetchTopicOffsets(topic)));
    return ends.flat().reduce((sum, {high}) => sum + Number(high), 0);
  } finally {
    await admin.disconnect();
  }
}
