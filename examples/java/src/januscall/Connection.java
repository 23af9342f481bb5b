// SPDX-License-Identifier: MIT
package januscall;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import okhttp3.Request;
import okhttp3.Response;
import okhttp3.WebSocket;
import okhttp3.WebSocketListener;

/**
 * One connection to Janus, from its WebSocket to its end: a session, a handle at the plugin, requests and their
 * answers, keepalives. It never comes back; the client makes another one. It knows nothing of calls.
 */
final class Connection {
    private static final String PLUGIN = "janus.plugin.call";
    private static final int NORMAL_CLOSURE = 1000;

    /** Hears of the connection, on the loop's thread. Nothing comes after `onClosed`, which comes once. */
    interface Owner {
        void onReady();

        void onEvent(JsonObject event);

        void onClosed(String why);
    }

    /** Takes Janus's message that answers a request, or null when the connection went before it came. */
    interface Answer {
        void answered(JsonObject message);
    }

    private static final class Waiting {
        final Answer answer;
        final EventLoop.Timer timer;
        final boolean takesAck;

        Waiting(Answer answer, EventLoop.Timer timer, boolean takesAck) {
            this.answer = answer;
            this.timer = timer;
            this.takesAck = takesAck;
        }
    }

    private final CallConfig config;
    private final EventLoop loop;
    private final Owner owner;
    private final Map<String, Waiting> waiting = new HashMap<>();
    private final WebSocket socket;
    private final EventLoop.Timer connecting;
    private EventLoop.Timer nextKeepalive;
    private long keepaliveMs;
    private JsonElement session;
    private JsonElement handle;
    private long transactions;
    private boolean isClosed;

    /** Begins to connect at once. */
    Connection(WebSocket.Factory sockets, CallConfig config, EventLoop loop, Owner owner) {
        this.config = config;
        this.loop = loop;
        this.owner = owner;
        keepaliveMs = config.keepaliveMs;
        connecting = loop.after(config.connectMs, () -> fail("not connected within " + config.connectMs + " ms"));
        Request request = new Request.Builder().url(config.url)
                .header("Sec-WebSocket-Protocol", "janus-protocol").build();
        socket = sockets.newWebSocket(request, new Ears());
    }

    /** OkHttp calls from threads of its own: from here on everything is on the loop's. */
    private final class Ears extends WebSocketListener {
        @Override
        public void onOpen(WebSocket webSocket, Response response) {
            loop.post(Connection.this::create);
        }

        @Override
        public void onMessage(WebSocket webSocket, String text) {
            loop.post(() -> received(text));
        }

        @Override
        public void onClosing(WebSocket webSocket, int code, String reason) {
            loop.post(() -> fail("the server closed the connection (" + code + ")"));
        }

        @Override
        public void onFailure(WebSocket webSocket, Throwable fault, Response response) {
            loop.post(() -> fail(String.valueOf(fault.getMessage())));
        }
    }

    private void create() {
        send(Json.of("janus", "create"), false, created -> {
            JsonObject data = created == null ? null : Json.object(created, "data");
            if (data == null) {
                fail("there is no session");
                return;
            }
            session = data.get("id");
            keepaliveLater();
            attach();
        });
    }

    private void attach() {
        send(Json.of("janus", "attach", "plugin", PLUGIN), false, attached -> {
            JsonObject data = attached == null ? null : Json.object(attached, "data");
            if (data == null) {
                fail("there is no " + PLUGIN);
                return;
            }
            handle = data.get("id");
            connecting.cancel();
            owner.onReady();
        });
    }

    /** Sends a request to the plugin. The answer's reply is null when the connection went before it came. */
    void request(JsonObject body, Reply.Callback callback) {
        JsonObject message = Json.of("janus", "message", "handle_id", handle, "body", body);
        send(message, false, answer -> callback.onReply(answer == null ? null : replyIn(answer)));
    }

    private static Reply replyIn(JsonObject answer) {
        JsonObject wrapped = Json.object(answer, "plugindata");
        JsonObject body = wrapped == null ? null : Json.object(wrapped, "data");
        return body == null ? Reply.failed("internal", "Janus answered " + answer) : Reply.of(body);
    }

    private void send(JsonObject message, boolean takesAck, Answer answer) {
        if (isClosed) {
            answer.answered(null);
            return;
        }
        String transaction = Long.toString(++transactions);
        message.addProperty("transaction", transaction);
        if (session != null)
            message.add("session_id", session);
        // A connection that does not answer is as good as none, whatever the system says of its socket.
        EventLoop.Timer timer = loop.after(config.answerMs, () -> fail("no answer within " + config.answerMs + " ms"));
        waiting.put(transaction, new Waiting(answer, timer, takesAck));
        socket.send(message.toString());
    }

    private void received(String text) {
        if (isClosed)
            return;
        JsonObject message;
        try {
            message = JsonParser.parseString(text).getAsJsonObject();
        } catch (JsonParseException | IllegalStateException fault) {
            fail("the server sent something else than JSON objects");
            return;
        }
        String kind = String.valueOf(Json.text(message, "janus"));
        switch (kind) {
            case "event":
                heard(message);
                break;
            case "timeout":
            case "detached":
                fail("the server ended the session");
                break;
            default:
                answered(message, kind);
                break;
        }
    }

    private void heard(JsonObject message) {
        JsonObject wrapped = Json.object(message, "plugindata");
        JsonObject event = wrapped == null ? null : Json.object(wrapped, "data");
        if (event != null)
            owner.onEvent(event);
    }

    private void answered(JsonObject message, String kind) {
        String transaction = Json.text(message, "transaction");
        Waiting one = waiting.get(transaction);
        // Janus may say "ack" before the answer proper.
        if (one == null || kind.equals("ack") && !one.takesAck)
            return;
        waiting.remove(transaction);
        one.timer.cancel();
        one.answer.answered(message);
        if (kind.equals("error") && isSessionGone(message))
            fail("the server does not know the session any more");
    }

    private static boolean isSessionGone(JsonObject message) {
        JsonObject error = Json.object(message, "error");
        long code = error == null ? 0 : Json.number(error, "code", 0);
        return code == 458 || code == 459;
    }

    /** From now on a keepalive is sent this often. */
    void keepaliveEvery(long ms) {
        if (ms == keepaliveMs)
            return;
        keepaliveMs = ms;
        if (nextKeepalive != null) {
            nextKeepalive.cancel();
            keepaliveLater();
        }
    }

    private void keepaliveLater() {
        nextKeepalive = loop.after(keepaliveMs, () -> {
            send(Json.of("janus", "keepalive"), true, answer -> { });
            keepaliveLater();
        });
    }

    /** Closes in order, and tells nobody. */
    void leave() {
        if (isClosed)
            return;
        socket.close(NORMAL_CLOSURE, null);
        end();
        answerTheRest();
    }

    /** The connection is of no use any more. */
    void fail(String why) {
        if (isClosed)
            return;
        socket.cancel();
        end();
        // First, so that who is told below that there was no answer finds no connection.
        owner.onClosed(why);
        answerTheRest();
    }

    private void end() {
        isClosed = true;
        connecting.cancel();
        if (nextKeepalive != null)
            nextKeepalive.cancel();
    }

    private void answerTheRest() {
        List<Waiting> left = new ArrayList<>(waiting.values());
        waiting.clear();
        for (Waiting one : left) {
            one.timer.cancel();
            one.answer.answered(null);
        }
    }
}
