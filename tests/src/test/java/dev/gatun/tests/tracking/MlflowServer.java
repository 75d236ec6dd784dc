package dev.gatun.tests.tracking;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.gatun.persist.Json;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;

/** The few REST calls of an MLflow tracking server that a run makes: mlflow.org/docs rest-api. */
final class MlflowServer implements AutoCloseable {
  /**
   * A call.
   *
   * @param path after {@code /api/2.0/mlflow/}
   */
  record Call(String method, String path, Json.Members body) {}

  final List<Call> calls = new CopyOnWriteArrayList<>();
  private final Map<String, String> experiments = new ConcurrentHashMap<>();
  private final HttpServer server;

  MlflowServer() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext("/", this::answer);
    server.start();
  }

  String uri() {
    return "http://127.0.0.1:" + server.getAddress().getPort();
  }

  private void answer(HttpExchange exchange) throws IOException {
    String path = exchange.getRequestURI().getPath().replace("/api/2.0/mlflow/", "");
    String text = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
    Json.Members body = Json.parse(text.isBlank() ? "{}" : text).asObject();
    calls.add(new Call(exchange.getRequestMethod(), path, body));
    switch (path) {
      case "experiments/get-by-name" -> {
        String query = exchange.getRequestURI().getQuery();
        String id = experiments.get(query.substring(query.indexOf('=') + 1));
        if (id == null) {
          send(exchange, 404, "{\"error_code\":\"RESOURCE_DOES_NOT_EXIST\",\"message\":\"none\"}");
        } else {
          send(exchange, 200, "{\"experiment\":{\"experiment_id\":\"" + id + "\"}}");
        }
      }
      case "experiments/create" -> {
        experiments.put(body.get("name").asText(), "17");
        send(exchange, 200, "{\"experiment_id\":\"17\"}");
      }
      case "runs/create" ->
          send(
              exchange,
              200,
              "{\"run\":{\"info\":{\"run_id\":\"abc\",\"run_uuid\":\"abc\",\"status\":\"RUNNING\"}}}");
      case "runs/log-batch", "runs/update" -> send(exchange, 200, "{}");
      default -> send(exchange, 404, "{\"error_code\":\"ENDPOINT_NOT_FOUND\"}");
    }
  }

  private static void send(HttpExchange exchange, int status, String body) throws IOException {
    byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
    exchange.getResponseHeaders().set("Content-Type", "application/json");
    exchange.sendResponseHeaders(status, bytes.length);
    exchange.getResponseBody().write(bytes);
    exchange.close();
  }

  List<Call> calls(String path) {
    return calls.stream().filter(call -> call.path().equals(path)).toList();
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
