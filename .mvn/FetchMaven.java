import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.URI;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.zip.ZipInputStream;

/**
 * Downloads, checks and unpacks a Maven distribution: {@code java FetchMaven.java URL SHA256 FOLDER}.
 * Run from source by mvnw, because the JDK is the one tool that is known to be there.
 */
final class FetchMaven {
  private FetchMaven() {}

  public static void main(String[] args) throws Exception {
    URI url = URI.create(args[0]);
    Path folder = Path.of(args[2]);
    Files.createDirectories(folder.getParent());
    Path temporary = Files.createTempDirectory(folder.getParent(), "unpack");
    try {
      Path zip = temporary.resolve("maven.zip");
      download(url, zip);
      String sum = HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(zip)));
      if (!sum.equals(args[1])) {
        throw new IOException("SHA-256 is " + sum + ", not " + args[1]);
      }
      Path unpacked = unpack(zip, temporary);
      unpacked.resolve("bin/mvn").toFile().setExecutable(true, false);
      try {
        Files.move(unpacked, folder, StandardCopyOption.ATOMIC_MOVE);
      } catch (FileAlreadyExistsException | DirectoryNotEmptyException e) {
        System.err.println("mvnw: another process has unpacked Maven meanwhile; using that");
      }
    } catch (IOException e) {
      System.err.println("mvnw: cannot fetch " + url + ": " + e);
      System.exit(1);
    } finally {
      delete(temporary);
    }
  }

  private static void download(URI url, Path file) throws IOException {
    HttpURLConnection connection = (HttpURLConnection) url.toURL().openConnection(proxy(url));
    connection.setConnectTimeout(20_000);
    connection.setReadTimeout(60_000);
    try (InputStream in = connection.getInputStream()) {
      Files.copy(in, file);
    }
  }

  /** The proxy of the environment, as curl reads it; else the JVM's own (https.proxyHost). */
  private static Proxy proxy(URI url) {
    String value = System.getenv("https_proxy");
    value = value == null || value.isEmpty() ? System.getenv("HTTPS_PROXY") : value;
    if (value == null || value.isEmpty()) {
      return java.net.ProxySelector.getDefault().select(url).getFirst();
    }
    URI proxy = URI.create(value.contains("://") ? value : "http://" + value);
    int port = proxy.getPort() < 0 ? 80 : proxy.getPort();
    return new Proxy(Proxy.Type.HTTP, new InetSocketAddress(proxy.getHost(), port));
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
      for (Path path : paths.sorted(java.util.Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    }
  }
}
