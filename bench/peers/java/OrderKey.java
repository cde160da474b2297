import java.nio.charset.StandardCharsets;

/** The order's id in a key of orders_enriched, in any of the formats that the systems write: the text, JSON, JSON with a schema id. */
final class OrderKey {
  private OrderKey() {}

  static String of(byte[] key) {
    int schema = key[0] == 0 ? 5 : 0;
    String text = new String(key, schema, key.length - schema, StandardCharsets.UTF_8);
    return text.startsWith("\"") ? text.substring(1, text.length() - 1) : text;
  }
}
