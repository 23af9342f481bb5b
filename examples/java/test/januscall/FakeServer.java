// SPDX-License-Identifier: MIT
package januscall;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import okhttp3.Request;
import okhttp3.WebSocket;
import okhttp3.WebSocketListener;
import okio.ByteString;

/**
 * A server at the other end of OkHttp's interfaces, that says what a test wants, when it wants. It makes sessions and
 * handles and answers keepalives by itself, unless it is told not to.
 */
final class FakeServer implements WebSocket.Factory {
    private final TestLoop loop;
    private final List<JsonObject> unanswered = new ArrayList<>();
    private Socket socket;
    int connections;
    int keepalives;
    boolean answersKeepalives = true;
    boolean isThere = true;

    FakeServer(TestLoop loop) {
        this.loop = loop;
    }

    @Override
    public WebSocket newWebSocket(Request request, WebSocketListener listener) {
        connections++;
        unanswered.clear();
        socket = new Socket(request, listener);
        if (isThere)
            listener.onOpen(socket, null);
        else
            listener.onFailure(socket, new java.io.IOException("nobody is there"), null);
        return socket;
    }

    private final class Socket implements WebSocket {
        final Request request;
        final WebSocketListener listener;
        boolean isClosed;

        Socket(Request request, WebSocketListener listener) {
            this.request = request;
            this.listener = listener;
        }

        @Override
        public boolean send(String text) {
            if (!isClosed)
                received(JsonParser.parseString(text).getAsJsonObject());
            return !isClosed;
        }

        @Override
        public boolean close(int code, String reason) {
            isClosed = true;
            return true;
        }

        @Override
        public void cancel() {
            isClosed = true;
        }

        @Override
        public Request request() {
            return request;
        }

        @Override
        public long queueSize() {
            return 0;
        }

        @Override
        public boolean send(ByteString bytes) {
            throw new AssertionError("the Janus API is text");
        }
    }

    private void received(JsonObject message) {
        switch (Json.text(message, "janus")) {
            case "create":
                answer(message, Json.of("janus", "success", "data", Json.of("id", 7)));
                break;
            case "attach":
                answer(message, Json.of("janus", "success", "data", Json.of("id", 8)));
                break;
            case "keepalive":
                keepalives++;
                if (answersKeepalives)
                    answer(message, Json.of("janus", "ack"));
                break;
            default:
                unanswered.add(message);
                break;
        }
    }

    private void answer(JsonObject request, JsonObject message) {
        message.add("transaction", request.get("transaction"));
        say(message.toString());
    }

    boolean isConnected() {
        return socket != null && !socket.isClosed;
    }

    Request opened() {
        return socket.request;
    }

    /** Text as it is, from the server. */
    void say(String text) {
        socket.listener.onMessage(socket, text);
        loop.run();
    }

    void hear(String event) {
        say("{\"janus\":\"event\",\"session_id\":7,\"sender\":8,\"plugindata\":{\"plugin\":\"janus.plugin.call\","
                + "\"data\":" + event.replace('\'', '"') + "}}");
    }

    /** The connection breaks. */
    void cut() {
        Socket cut = socket;
        cut.isClosed = true;
        cut.listener.onFailure(cut, new java.io.IOException("cut"), null);
        loop.run();
    }

    /** The requests to the plugin that were not answered yet, by name. */
    List<String> asked() {
        List<String> names = new ArrayList<>();
        for (JsonObject message : unanswered)
            names.add(Json.text(Json.object(message, "body"), "request"));
        return names;
    }

    /** The body of the oldest request of this name that was not answered yet. */
    JsonObject body(String request) {
        return Json.object(oldest(request, false), "body");
    }

    /** Answers it. */
    void answer(String request, String reply) {
        JsonObject message = oldest(request, true);
        JsonObject data = JsonParser.parseString(reply.replace('\'', '"')).getAsJsonObject();
        data.addProperty("request", request);
        answer(message, Json.of("janus", "success", "plugindata",
                Json.of("plugin", "janus.plugin.call", "data", data)));
    }

    void accept(String request, String fields) {
        answer(request, "{'call':'success'" + (fields.isEmpty() ? "" : ",") + fields + "}");
    }

    void refuse(String request, String code, String fields) {
        String more = fields.isEmpty() ? "" : "," + fields;
        answer(request, "{'call':'error','code':'" + code + "','error':'no'" + more + "}");
    }

    private JsonObject oldest(String request, boolean isTaken) {
        for (Iterator<JsonObject> i = unanswered.iterator(); i.hasNext();) {
            JsonObject message = i.next();
            if (!request.equals(Json.text(Json.object(message, "body"), "request")))
                continue;
            if (isTaken)
                i.remove();
            return message;
        }
        throw new AssertionError("nobody asked for " + request + ", but for " + asked());
    }
}
