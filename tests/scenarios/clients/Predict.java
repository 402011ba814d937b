// Posts a picture in the three ways that /predict takes, by the JDK's HttpClient; prints an answer a line.
// Run by: java Predict.java http://127.0.0.1:8080/predict boot.png

import java.io.ByteArrayOutputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;

class Predict {
    public static void main(String[] arguments) throws Exception {
        URI address = URI.create(arguments[0]);
        byte[] picture = Files.readAllBytes(Path.of(arguments[1]));

        // A client as it comes: to http:// addresses it asks for HTTP/2, by Upgrade: h2c.
        HttpClient client = HttpClient.newHttpClient();
        post(client, address, "image/png", picture);
        post(client, address, "multipart/form-data; boundary=edge", form(picture));
        String encoded = Base64.getEncoder().encodeToString(picture);
        post(client, address, "application/json", ("{\"image\": \"" + encoded + "\"}").getBytes(StandardCharsets.UTF_8));
    }

    static byte[] form(byte[] picture) throws Exception {
        String part = "Content-Disposition: form-data; name=\"file\"; filename=\"boot.png\"\r\nContent-Type: image/png";
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        body.write(("--edge\r\n" + part + "\r\n\r\n").getBytes(StandardCharsets.UTF_8));
        body.write(picture);
        body.write("\r\n--edge--\r\n".getBytes(StandardCharsets.UTF_8));
        return body.toByteArray();
    }

    static void post(HttpClient client, URI address, String type, byte[] body) throws Exception {
        HttpRequest request = HttpRequest.newBuilder(address)
                .header("Content-Type", type)
                .POST(HttpRequest.BodyPublishers.ofByteArray(body))
                .build();
        System.out.println(client.send(request, HttpResponse.BodyHandlers.ofString()).body());
    }
}
