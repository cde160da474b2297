import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.Joined;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.KTable;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.Repartitioned;
import org.apache.kafka.streams.state.KeyValueStore;

/**
 * The pipeline of src/topology.ts in Kafka Streams, exactly_once_v2: the arguments are bootstrap.servers, the form and the state directory.
 *
 * In the form `ksqldb` every statement goes through its topic, as ksqlDB runs them; in the form `lean` only what the result needs is
 * written, with the topology optimized.
 */
public final class SeedPipeline {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Serde<String> KEY = Serdes.String();
  private static final Serde<JsonNode> ROW = Serdes.serdeFrom((topic, row) -> write(row), (topic, bytes) -> read(bytes));
  private static final Consumed<byte[], JsonNode> SOURCE = Consumed.with(Serdes.ByteArray(), ROW);
  private static final List<String> CUSTOMER = List.of("first_name", "last_name", "email", "phone");
  private static final List<String> DEMOGRAPHIC = List.of("street_address", "state", "zip_code", "country", "country_code");
  private static final List<String> PRODUCT = List.of("size", "product", "department", "price");
  private static final List<String> PRODUCT_STATE = List.of("size", "product", "department", "price", "deleted");

  private final StreamsBuilder builder = new StreamsBuilder();
  private final boolean lean;

  private SeedPipeline(boolean lean) {
    this.lean = lean;
  }

  public static void main(String[] args) {
    boolean lean = args[1].equals("lean");
    var pipeline = new SeedPipeline(lean);
    pipeline.define();
    var config = new Properties();
    config.putAll(Map.of(
        StreamsConfig.APPLICATION_ID_CONFIG, "peer",
        StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, args[0],
        StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2,
        StreamsConfig.STATE_DIR_CONFIG, args[2],
        StreamsConfig.REPLICATION_FACTOR_CONFIG, 1));
    if (lean) config.put(StreamsConfig.TOPOLOGY_OPTIMIZATION_CONFIG, StreamsConfig.OPTIMIZE);
    var streams = new KafkaStreams(pipeline.builder.build(config), config);
    streams.setStateListener((state, before) -> System.out.println("state " + state));
    Runtime.getRuntime().addShutdownHook(new Thread(() -> streams.close(Duration.ofSeconds(10))));
    streams.start();
  }

  private void define() {
    KTable<String, JsonNode> customers =
        latest(afterImages("postgres.customers.customers", CUSTOMER), "customers_flattened", "customers", CUSTOMER);
    KTable<String, JsonNode> demographics =
        latest(afterImages("postgres.customers.demographics", DEMOGRAPHIC), "demographics_flattened", "demographics", DEMOGRAPHIC);
    KTable<String, JsonNode> enriched = customers.join(demographics, SeedPipeline::merge, Materialized.with(KEY, ROW));
    enriched.toStream().to("customers_enriched", Produced.with(KEY, ROW));
    if (!lean) enriched = builder.table("customers_enriched", Consumed.with(KEY, ROW));
    KTable<String, JsonNode> products = latest(products(), "products_rekeyed", "products", PRODUCT_STATE);
    enrich(orders(), products, enriched);
  }

  /** The rows in the envelopes of a source topic, by their id. */
  private KStream<String, JsonNode> afterImages(String topic, List<String> columns) {
    return builder.stream(topic, SOURCE)
        .filter((key, value) -> value != null && value.hasNonNull("after"))
        .map((key, value) -> KeyValue.pair(text(value.get("after"), "id"), pick(value.get("after"), columns)));
  }

  private KStream<String, JsonNode> products() {
    return builder.stream("postgres.products.products", SOURCE)
        .filter((key, value) -> value != null)
        .map((key, value) -> {
          ObjectNode row = (ObjectNode) pick(value, PRODUCT);
          row.set("deleted", value.get("__deleted"));
          return KeyValue.pair(text(value, "product_id"), (JsonNode) row);
        });
  }

  private KStream<String, JsonNode> orders() {
    KStream<String, JsonNode> orders = builder.stream("postgres.products.orders", SOURCE)
        .filter((key, value) -> value != null)
        .map((key, value) -> KeyValue.pair(text(value, "order_id"), value));
    if (lean) return orders;
    orders.to("orders_rekeyed", Produced.with(KEY, ROW));
    return builder.stream("orders_rekeyed", Consumed.with(KEY, ROW));
  }

  /** PARTITION BY into a topic, then GROUP BY with LATEST_BY_OFFSET of every column, into a table's topic. */
  private KTable<String, JsonNode> latest(KStream<String, JsonNode> rows, String flattened, String table, List<String> columns) {
    KStream<String, JsonNode> keyed;
    if (lean) {
      keyed = rows.repartition(Repartitioned.with(KEY, ROW).withName(flattened));
    } else {
      rows.to(flattened, Produced.with(KEY, ROW));
      keyed = builder.stream(flattened, Consumed.with(KEY, ROW));
    }
    KTable<String, JsonNode> latest = keyed
        .filter((key, value) -> key != null && value != null)
        .groupByKey(Grouped.with(KEY, ROW))
        .aggregate(JSON::createObjectNode, (key, value, state) -> {
          ObjectNode next = ((ObjectNode) state).deepCopy();
          for (String column : columns) if (value.hasNonNull(column)) next.set(column, value.get(column));
          return next;
        }, Materialized.<String, JsonNode, KeyValueStore<Bytes, byte[]>>as(table + "-store").withKeySerde(KEY).withValueSerde(ROW));
    latest.toStream().to(table, Produced.with(KEY, ROW));
    return lean ? latest : builder.table(table, Consumed.with(KEY, ROW));
  }

  private static void enrich(KStream<String, JsonNode> orders, KTable<String, JsonNode> products, KTable<String, JsonNode> customers) {
    orders.filter((key, value) -> text(value, "product_id") != null && text(value, "customer_id") != null)
        .selectKey((key, value) -> text(value, "product_id"))
        .join(products, (order, product) -> merge(pick(order, List.of("order_id", "product_id", "customer_id")), pick(product, PRODUCT)),
            Joined.with(KEY, ROW, ROW))
        .selectKey((key, value) -> text(value, "customer_id"))
        .join(customers, (order, customer) -> {
          ObjectNode row = (ObjectNode) merge(order, customer);
          row.set("id", row.remove("customer_id"));
          return (JsonNode) row;
        }, Joined.with(KEY, ROW, ROW))
        .selectKey((key, value) -> text(value, "order_id"))
        .to("orders_enriched", Produced.with(KEY, ROW));
  }

  private static JsonNode pick(JsonNode from, List<String> columns) {
    ObjectNode row = JSON.createObjectNode();
    for (String column : columns) row.set(column, from.get(column));
    return row;
  }

  private static JsonNode merge(JsonNode left, JsonNode right) {
    ObjectNode row = ((ObjectNode) left).deepCopy();
    row.setAll((ObjectNode) right);
    return row;
  }

  private static String text(JsonNode row, String column) {
    JsonNode value = row.get(column);
    return value == null || value.isNull() ? null : value.asText();
  }

  private static byte[] write(JsonNode row) {
    try {
      return row == null ? null : JSON.writeValueAsBytes(row);
    } catch (IOException error) {
      throw new UncheckedIOException(error);
    }
  }

  private static JsonNode read(byte[] bytes) {
    try {
      return bytes == null ? null : JSON.readTree(bytes);
    } catch (IOException error) {
      throw new UncheckedIOException(error);
    }
  }
}
