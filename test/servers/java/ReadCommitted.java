import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * What Java's consumer reads under read_committed. Each line of standard input, {"partitions": [{"topic", "partition"}]}, is answered
 * by a line per record up to the partitions' last stable offsets as of now, one partition after the other, each in offset order, and
 * then {"end": [{"topic", "partition", "offset"}]}: where each was read to. Bytes are base64 or null. The argument is
 * bootstrap.servers.
 */
public class ReadCommitted {
  private static final ObjectMapper json = new ObjectMapper();

  public static void main(String[] args) throws Exception {
    var config = Map.<String, Object>of(
        "bootstrap.servers", args[0],
        "isolation.level", "read_committed",
        "enable.auto.commit", false,
        "allow.auto.create.topics", false,
        "key.deserializer", ByteArrayDeserializer.class,
        "value.deserializer", ByteArrayDeserializer.class);
    var in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    var out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
    try (var consumer = new KafkaConsumer<byte[], byte[]>(config)) {
      for (String line; (line = in.readLine()) != null; ) {
        read(consumer, partitions(json.readTree(line)), out);
        out.flush();
      }
    }
  }

  private static List<TopicPartition> partitions(JsonNode request) {
    var partitions = new ArrayList<TopicPartition>();
    for (var each : request.get("partitions"))
      partitions.add(new TopicPartition(each.get("topic").asText(), each.get("partition").asInt()));
    return partitions;
  }

  private static void read(
      KafkaConsumer<byte[], byte[]> consumer, List<TopicPartition> partitions, PrintStream out) {
    // Under read_committed these are the last stable offsets.
    var ends = consumer.endOffsets(partitions);
    for (var partition : partitions) {
      long end = ends.get(partition);
      consumer.assign(List.of(partition));
      consumer.seekToBeginning(List.of(partition));
      while (consumer.position(partition) < end) {
        for (var each : consumer.poll(Duration.ofMillis(100)))
          if (each.offset() < end) out.println(lineOf(each));
      }
    }
    ObjectNode answer = json.createObjectNode();
    ArrayNode end = answer.putArray("end");
    for (var each : partitions)
      end.addObject().put("topic", each.topic()).put("partition", each.partition()).put("offset", ends.get(each));
    out.println(answer);
  }

  private static ObjectNode lineOf(ConsumerRecord<byte[], byte[]> each) {
    ObjectNode line = json.createObjectNode();
    line.put("topic", each.topic()).put("partition", each.partition()).put("offset", each.offset());
    line.put("timestamp", each.timestamp());
    line.put("key", base64(each.key())).put("value", base64(each.value()));
    ArrayNode headers = line.putArray("headers");
    for (Header header : each.headers())
      headers.addObject().put("key", header.key()).put("value", base64(header.value()));
    return line;
  }

  private static String base64(byte[] bytes) {
    return bytes == null ? null : Base64.getEncoder().encodeToString(bytes);
  }
}
