import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.ControlRecordType;
import org.apache.kafka.common.record.internal.DefaultRecordBatch;
import org.apache.kafka.common.record.internal.EndTransactionMarker;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.MemoryRecordsBuilder;
import org.apache.kafka.common.record.internal.MutableRecordBatch;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.record.internal.SimpleRecord;
import org.apache.kafka.common.utils.Utils;

/**
 * Record batches as Java's clients write and read them. Without an argument each line of standard input, a JSON string of base64, is
 * answered by what Java reads there, as {"bytes", "batches": [{…, "records": […]}]}; with the argument "golden" it writes
 * test/kafka/kafkajs/record-batch/golden/java-record-batches.json, whose README.md says how.
 */
public class RecordBatches {
  private static final ObjectMapper json = new ObjectMapper();
  private static final byte V2 = 2;

  public static void main(String[] args) throws Exception {
    if (args.length > 0) {
      System.out.println(json.writerWithDefaultPrettyPrinter().writeValueAsString(golden()));
      return;
    }
    var in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line; (line = in.readLine()) != null; )
      System.out.println(describe(ByteBuffer.wrap(Base64.getDecoder().decode(json.readTree(line).asText()))));
  }

  private static ArrayNode golden() throws Exception {
    ArrayNode cases = json.createArrayNode();
    var codecs = List.of(
        Compression.NONE, Compression.gzip().build(), Compression.snappy().build(), Compression.lz4().build(), Compression.zstd().build());
    for (var codec : codecs) {
      add(cases, "records of every shape, " + codec.type().name, batch(codec, TimestampType.CREATE_TIME, shapes()));
      add(cases, "90 kB of rows, " + codec.type().name, batch(codec, TimestampType.CREATE_TIME, rows(120)));
      // The rows are listed once.
      if (codec != Compression.NONE)
        ((ObjectNode) cases.get(cases.size() - 1).get("batches").get(0)).put("recordsAs", "90 kB of rows, none").remove("records");
    }
    add(cases, "LogAppendTime", batch(Compression.NONE, TimestampType.LOG_APPEND_TIME, shapes()));
    add(cases, "timestamps from -1 to 2^52", batch(Compression.NONE, TimestampType.CREATE_TIME, List.of(
        new SimpleRecord(-1, bytes("a"), bytes("1")),
        new SimpleRecord(1L << 52, bytes("b"), bytes("2")),
        new SimpleRecord(0, bytes("c"), bytes("3")))));
    add(cases, "an aborted transaction, its marker, a committed one, its marker", concat(
        transactional(100, 7, 40, rows(3)), marker(103, 40, ControlRecordType.ABORT),
        transactional(104, 0, 41, rows(2)), marker(106, 41, ControlRecordType.COMMIT)));
    add(cases, "compacted: gaps, an emptied batch, and one that ends before its last offset", compacted());
    add(cases, "an empty batch of a transactional producer", emptyBatch());
    add(cases, "message format 1", legacy((byte) 1));
    add(cases, "message format 0", legacy((byte) 0));
    return cases;
  }

  /** As a producer sends it: from offset 0, without a leader's epoch. */
  private static ByteBuffer batch(Compression codec, TimestampType type, List<SimpleRecord> records) {
    var buffer = ByteBuffer.allocate(1 << 20);
    var builder = MemoryRecords.builder(buffer, V2, codec, type, 0, 1_700_000_000_999L, -1, (short) -1, -1, false, -1);
    records.forEach(builder::append);
    return built(builder);
  }

  private static ByteBuffer transactional(long baseOffset, int sequence, long producerId, List<SimpleRecord> records) {
    var builder = MemoryRecords.builder(ByteBuffer.allocate(1 << 16), V2, Compression.NONE, TimestampType.CREATE_TIME, baseOffset,
        -1, producerId, (short) 3, sequence, true, 5);
    records.forEach(builder::append);
    return built(builder);
  }

  private static ByteBuffer marker(long offset, long producerId, ControlRecordType type) {
    var end = new EndTransactionMarker(type, 9);
    return MemoryRecords.withEndTransactionMarker(offset, 1_700_000_000_500L, 5, producerId, (short) 3, end).buffer();
  }

  private static ByteBuffer emptyBatch() {
    var buffer = ByteBuffer.allocate(DefaultRecordBatch.RECORD_BATCH_OVERHEAD);
    DefaultRecordBatch.writeEmptyHeader(
        buffer, V2, 40, (short) 3, 10, 200, 209, 5, TimestampType.CREATE_TIME, 1_700_000_000_000L, true, false);
    buffer.flip();
    return buffer;
  }

  /** What is left where a compaction kept of 30 records in three batches those whose key is even and lies below 5 or above 19. */
  private static ByteBuffer compacted() throws Exception {
    var log = concat(transactional(0, 0, 40, keyed(0)), transactional(10, 10, 40, keyed(10)), transactional(20, 20, 40, keyed(20)));
    var filtered = ByteBuffer.allocate(1 << 16);
    var filter = new MemoryRecords.RecordFilter(0, 0) {
      @Override
      protected BatchRetentionResult checkBatchRetention(org.apache.kafka.common.record.internal.RecordBatch batch) {
        return new BatchRetentionResult(BatchRetention.RETAIN_EMPTY, false);
      }

      @Override
      protected boolean shouldRetainRecord(org.apache.kafka.common.record.internal.RecordBatch batch, Record record) {
        int key = Integer.parseInt(new String(Utils.toArray(record.key()), StandardCharsets.UTF_8));
        return key % 2 == 0 && (key < 5 || key > 19);
      }
    };
    MemoryRecords.readableRecords(log).filterTo(filter, filtered,
        org.apache.kafka.common.utils.internals.BufferSupplier.NO_CACHING, Integer.MAX_VALUE);
    filtered.flip();
    return filtered;
  }

  private static ByteBuffer legacy(byte magic) {
    var builder = MemoryRecords.builder(ByteBuffer.allocate(1 << 10), magic, Compression.NONE, TimestampType.CREATE_TIME, 11L);
    builder.append(1_700_000_000_000L, bytes("key"), bytes("value"));
    return built(builder);
  }

  private static List<SimpleRecord> shapes() {
    Header[] headers = {
      new RecordHeader("source", bytes("postgres")), new RecordHeader("naïve ☃", bytes("")), new RecordHeader("nothing", null),
      new RecordHeader("", new byte[] {(byte) 255, 0})
    };
    return List.of(
        new SimpleRecord(1_700_000_000_123L, bytes("key"), bytes("value")),
        new SimpleRecord(1_700_000_000_124L, null, bytes("without a key")),
        new SimpleRecord(1_700_000_000_001L, bytes("tombstone"), null),
        new SimpleRecord(1_700_000_000_125L, (byte[]) null, (byte[]) null),
        new SimpleRecord(1_700_000_000_126L, bytes(""), bytes("")),
        new SimpleRecord(1_700_000_000_127L, new byte[] {0, 0, 0, 0}, bytes("looks like an abort marker")),
        new SimpleRecord(1_699_999_000_000L, bytes("headers"), bytes("v"), headers),
        new SimpleRecord(1_700_000_000_128L, bytes("long"), bytes("0123456789".repeat(50)), Arrays.copyOf(headers, 1)));
  }

  private static List<SimpleRecord> rows(int count) {
    var rows = new ArrayList<SimpleRecord>();
    for (int i = 0; i < count; i++)
      rows.add(new SimpleRecord(1_700_000_000_000L + i * 7, bytes("k-" + i), bytes(
          "{\"order_id\":\"" + Integer.toHexString(i * 0x9e3779b1) + "\",\"product_id\":\"p-" + i % 97 + "\",\"customer_id\":\"c-"
              + i * 31 % 1009 + "\",\"note\":\"" + "0123456789".repeat(i * 13 % 150) + "\"}")));
    return rows;
  }

  private static List<SimpleRecord> keyed(int from) {
    var records = new ArrayList<SimpleRecord>();
    for (int i = from; i < from + 10; i++) records.add(new SimpleRecord(1_700_000_000_000L + i, bytes("" + i), bytes("v" + i)));
    return records;
  }

  private static ByteBuffer built(MemoryRecordsBuilder builder) {
    return builder.build().buffer();
  }

  private static ByteBuffer concat(ByteBuffer... parts) {
    var all = ByteBuffer.allocate(Arrays.stream(parts).mapToInt(ByteBuffer::remaining).sum());
    for (var part : parts) all.put(part.duplicate());
    all.flip();
    return all;
  }

  private static void add(ArrayNode cases, String name, ByteBuffer buffer) {
    cases.add(((ObjectNode) json.createObjectNode().put("name", name)).setAll(describe(buffer)));
  }

  private static ObjectNode describe(ByteBuffer buffer) {
    ObjectNode line = json.createObjectNode();
    line.put("bytes", base64(Utils.toArray(buffer.duplicate())));
    ArrayNode batches = line.putArray("batches");
    for (MutableRecordBatch batch : MemoryRecords.readableRecords(buffer.duplicate()).batches()) {
      batch.ensureValid();
      ObjectNode each = batches.addObject();
      each.put("magic", batch.magic()).put("baseOffset", batch.baseOffset()).put("lastOffset", batch.lastOffset());
      each.put("isControl", batch.isControlBatch()).put("isTransactional", batch.isTransactional());
      each.put("producerId", batch.producerId()).put("producerEpoch", batch.producerEpoch()).put("baseSequence", batch.baseSequence());
      each.put("compression", batch.compressionType().name).put("timestampType", batch.timestampType().name);
      each.put("partitionLeaderEpoch", batch.partitionLeaderEpoch());
      ArrayNode records = each.putArray("records");
      for (Record record : batch) {
        ObjectNode one = records.addObject().put("offset", record.offset()).put("timestamp", record.timestamp());
        one.put("key", base64(record.hasKey() ? Utils.toArray(record.key()) : null));
        one.put("value", base64(record.hasValue() ? Utils.toArray(record.value()) : null));
        ArrayNode headers = one.putArray("headers");
        for (Header header : record.headers()) headers.addObject().put("key", header.key()).put("value", base64(header.value()));
      }
    }
    return line;
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static String base64(byte[] bytes) {
    return bytes == null ? null : Base64.getEncoder().encodeToString(bytes);
  }
}
