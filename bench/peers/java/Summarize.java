import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * What orders_enriched holds, to compare with SQL: the argument is bootstrap.servers. Prints {"records", "orders", "sum"}: the records
 * without those of probes, the different order ids among them, and the sum, modulo 2^64, of the first eight bytes of the MD5 of each
 * record's columns, joined by the unit separator.
 */
public final class Summarize {
  private static final List<String> COLUMNS = List.of(
      "order_id", "product_id", "size", "product", "department", "price", "id", "first_name", "last_name", "email", "phone",
      "street_address", "state", "zip_code", "country", "country_code");
  private static final ObjectMapper JSON = new ObjectMapper();

  public static void main(String[] args) throws Exception {
    var config = Map.<String, Object>of(
        "bootstrap.servers", args[0],
        "isolation.level", "read_committed",
        "enable.auto.commit", false,
        "max.poll.records", 5000,
        "key.deserializer", ByteArrayDeserializer.class,
        "value.deserializer", ByteArrayDeserializer.class);
    var partition = new TopicPartition("orders_enriched", 0);
    var md5 = MessageDigest.getInstance("MD5");
    var orders = new HashSet<UUID>();
    long records = 0;
    long sum = 0;
    try (var consumer = new KafkaConsumer<byte[], byte[]>(config)) {
      consumer.assign(List.of(partition));
      consumer.seekToBeginning(List.of(partition));
      long end = consumer.endOffsets(List.of(partition)).get(partition);
      while (consumer.position(partition) < end) {
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(100))) {
          String key = OrderKey.of(record.key());
          if (key.startsWith("probe-")) continue;
          records++;
          orders.add(UUID.fromString(key));
          byte[] hash = md5.digest(columns(record.value()).getBytes(StandardCharsets.UTF_8));
          sum += ByteBuffer.wrap(hash).getLong();
        }
      }
    }
    System.out.println("{\"records\": " + records + ", \"orders\": " + orders.size() + ", \"sum\": \"" + sum + "\"}");
  }

  /** Without the magic byte and schema id that a value may begin with. */
  private static String columns(byte[] value) throws Exception {
    if (value == null) return "tombstone";
    int schema = value[0] == 0 ? 5 : 0;
    JsonNode row = JSON.readTree(value, schema, value.length - schema);
    return COLUMNS.stream().map(column -> row.path(column).asText()).collect(Collectors.joining("\u001f"));
  }
}
