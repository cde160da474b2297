import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.clients.admin.Admin;

/** One line: the cluster's finalized features and their levels, {"transaction.version": 2}. The argument is bootstrap.servers. */
public class FinalizedFeatures {
  public static void main(String[] args) throws Exception {
    try (var admin = Admin.create(Map.<String, Object>of("bootstrap.servers", args[0]))) {
      var levels = new TreeMap<String, Short>();
      admin.describeFeatures().featureMetadata().get().finalizedFeatures()
          .forEach((name, range) -> levels.put(name, range.maxVersionLevel()));
      System.out.println(new ObjectMapper().writeValueAsString(levels));
    }
  }
}
