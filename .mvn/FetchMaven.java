import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.URI;
import java.net.URLConnection;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.zip.ZipInputStream;

/**
 * {@code java FetchMaven.java URL SHA256 FOLDER} downloads, checks and unpacks a Maven distribution.
 * Run from source by mvnw, because the JDK is the one tool that is known to be there.
 */
final class FetchMaven {
  private FetchMaven() {}

  public static void main(String[] args) throws Exception {
    URI url = URI.create(args[0]);
    Path folder = Path.of(args[2]);
    Files.createDirectories(folder.getParent());
    Path temporary = Files.createTempDirectory(folder.getParent(), "unpack");
    int status = 0;
    try {
      Path zip = temporary.resolve("maven.zip");
      download(url, zip);
      byte[] digest = MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(zip));
      String sum = HexFormat.of().formatHex(digest);
      if (!sum.equals(args[1])) {
        throw new IOException("SHA-256 is " + sum + ", not " + args[1]);
      }
      Path unpacked = unpack(zip, temporary);
      unpacked.resolve("bin/mvn").toFile().setExecutable(true, false);
      try {
        Files.move(unpacked, folder, StandardCopyOption.ATOMIC_MOVE);
      } catch (FileSystemException e) {
        // Another process may have been first, and then its copy is as good.
        if (!Files.isExecutable(folder.resolve("bin/mvn"))) {
          throw e;
        }
      }
    } catch (IOException e) {
      System.err.println("mvnw: cannot fetch " + url + ": " + e);
      status = 1;
    } finally {
      delete(temporary);
    }
    System.exit(status);
  }

  /** Through the proxy of the environment, as curl reads it; else the JVM's own way. */
  private static void download(URI url, Path file) throws IOException {
    String proxy = System.getenv("https_proxy");
    boolean byProxy = "https".equals(url.getScheme()) && proxy != null && !proxy.isEmpty();
    URLConnection connection =
        byProxy ? url.toURL().openConnection(proxy(proxy)) : url.toURL().openConnection();
    connection.setConnectTimeout(20_000);
    connection.setReadTimeout(60_000);
    try (InputStream in = connection.getInputStream()) {
      Files.copy(in, file);
    }
  }

  private static Proxy proxy(String value) {
    URI address = URI.create(value.contains("://") ? value : "http://" + value);
    int port = address.getPort() < 0 ? 80 : address.getPort();
    return new Proxy(Proxy.Type.HTTP, new InetSocketAddress(address.getHost(), port));
  }

  private static Path unpack(Path zip, Path folder) throws IOException {
    Path top = null;
    try (ZipInputStream in = new ZipInputStream(Files.newInputStream(zip))) {
      for (var entry = in.getNextEntry(); entry != null; entry = in.getNextEntry()) {
        Path target = folder.resolve(entry.getName()).normalize();
        if (!target.startsWith(folder)) {
          throw new IOException("entry outside the archive: " + entry.getName());
        }
        if (entry.isDirectory()) {
          Files.createDirectories(target);
        } else {
          Files.createDirectories(target.getParent());
          Files.copy(in, target);
        }
        top = folder.resolve(folder.relativize(target).getName(0));
      }
    }
    if (top == null) {
      throw new IOException("empty archive");
    }
    return top;
  }

  private static void delete(Path folder) throws IOException {
    try (var paths = Files.walk(folder)) {
      for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    }
  }
}
