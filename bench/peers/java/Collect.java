import java.io.BufferedOutputStream;
import java.io.DataOutputStream;
import java.io.FileOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * When each order became visible in orders_enriched under read_committed: the arguments are bootstrap.servers and a file, which
 * grows by 44 bytes a record: the microsecond at which poll() returned it, as a big-endian long, and the 36 characters of its key.
 */
public final class Collect {
  public static void main(String[] args) throws Exception {
    var config = Map.<String, Object>of(
        "bootstrap.servers", args[0],
        "isolation.level", "read_committed",
        "enable.auto.commit", false,
        "allow.auto.create.topics", false,
        "max.poll.records", 5000,
        // Records that wait for the end of a transaction are not pushed; the reader asks again.
        "fetch.max.wait.ms", 5,
        "key.deserializer", ByteArrayDeserializer.class,
        "value.deserializer", ByteArrayDeserializer.class);
    var partition = new TopicPartition("orders_enriched", 0);
    try (var consumer = new KafkaConsumer<byte[], byte[]>(config);
        var out = new DataOutputStream(new BufferedOutputStream(new FileOutputStream(args[1]), 1 << 18))) {
      consumer.assign(List.of(partition));
      consumer.seekToBeginning(List.of(partition));
      System.out.println("reading");
      while (true) {
        var records = consumer.poll(Duration.ofMillis(100));
        Instant now = Instant.now();
        long micros = now.getEpochSecond() * 1_000_000 + now.getNano() / 1000;
        for (ConsumerRecord<byte[], byte[]> record : records) {
          byte[] key = OrderKey.of(record.key()).getBytes(StandardCharsets.UTF_8);
          if (key.length != 36) throw new IllegalStateException("a key of " + key.length + " bytes at offset " + record.offset());
          out.writeLong(micros);
          out.write(key);
        }
        out.flush();
      }
    }
  }
}
