// SPDX-License-Identifier: MIT
package januscall;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import okhttp3.OkHttpClient;

/**
 * Devices with the real client, for tests that are written elsewhere: does what the lines of its standard input say,
 * and prints what comes of it. A line is a JSON object. {"n": 1, "device": "bob", "do": "accept", "callId": "C"} is
 * answered by {"n": 1, "reply": {...}}. What a device's listener hears is {"device": "bob", "event": "accepted",
 * "call": {...}}.
 */
public final class Agent {
    private final ThreadLoop loop = new ThreadLoop("calls");
    private final OkHttpClient http = new OkHttpClient();
    private final PrintStream out;
    private final Map<String, CallClient> clients = new ConcurrentHashMap<>();

    private Agent() throws IOException {
        out = new PrintStream(System.out, true, "UTF-8");
    }

    public static void main(String[] arguments) throws IOException {
        Agent self = new Agent();
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            JsonObject command = JsonParser.parseString(line).getAsJsonObject();
            self.loop.post(() -> self.run(command));
        }
        System.exit(0);
    }

    private void run(JsonObject command) {
        String device = Json.text(command, "device");
        long number = Json.number(command, "n", 0);
        try {
            if (Json.text(command, "do").equals("open"))
                open(device, command);
            else
                act(clients.get(device), command, reply -> answer(number, reply));
        } catch (RuntimeException fault) {
            print(Json.of("n", number, "fault", fault.toString()));
        }
    }

    private void answer(long number, Reply reply) {
        print(Json.of("n", number, "reply", reply.body));
    }

    private void print(JsonObject line) {
        out.println(line);
    }

    private void open(String device, JsonObject command) {
        CallConfig config = new CallConfig(Json.text(command, "url"), Json.text(command, "userId"),
                Json.text(command, "deviceId"));
        config.keepaliveMs = Json.number(command, "keepaliveMs", config.keepaliveMs);
        config.keepaliveInCallMs = Json.number(command, "keepaliveInCallMs", config.keepaliveInCallMs);
        config.answerMs = Json.number(command, "answerMs", config.answerMs);
        config.firstPauseMs = Json.number(command, "firstPauseMs", config.firstPauseMs);
        config.longestPauseMs = Json.number(command, "longestPauseMs", config.longestPauseMs);
        String tokens = Json.text(command, "tokens");
        if (tokens != null)
            config.tokens = new BackendTokens(http, tokens, config.deviceId);
        CallClient client = new CallClient(http, config, loop, new Ear(device));
        clients.put(device, client);
        client.start();
        answer(Json.number(command, "n", 0), Reply.of(Json.of("call", "success")));
    }

    private void act(CallClient client, JsonObject command, Reply.Callback callback) {
        String callId = Json.text(command, "callId");
        Call call = callId == null ? null : client.find(callId);
        String reason = Json.text(command, "reason");
        JsonElement data = command.get("data");
        switch (Json.text(command, "do")) {
            case "call":
                client.call(Json.text(command, "calleeId"), callId, Json.object(command, "fields"), callback);
                break;
            case "accept":
                call.accept(callback);
                break;
            case "reject":
                call.reject(reason, callback);
                break;
            case "busy":
                call.rejectAsBusy(callback);
                break;
            case "end":
                call.end(reason, callback);
                break;
            case "signal":
                call.signal(data, callback);
                break;
            case "update":
                call.update(data.getAsJsonObject(), callback);
                break;
            case "decline":
                new Decline(client, http, Json.text(command, "backend"))
                        .decline(callId, reason, () -> callback.onReply(Reply.of(Json.of("call", "success"))));
                break;
            case "request":
                client.request(Json.text(command, "request"), Json.object(command, "fields"), callback);
                break;
            default:
                actAtOnce(client, call, Json.text(command, "do"));
                callback.onReply(Reply.of(Json.of("call", "success")));
                break;
        }
    }

    private static void actAtOnce(CallClient client, Call call, String what) {
        switch (what) {
            case "ringing":
                call.ringing();
                break;
            case "start":
                client.start();
                break;
            case "stop":
                client.stop();
                break;
            case "networkChanged":
                client.networkChanged(true);
                break;
            default:
                throw new IllegalArgumentException("nobody can " + what);
        }
    }

    private final class Ear implements CallListener {
        private final String device;

        Ear(String device) {
            this.device = device;
        }

        private void print(String event, Object... more) {
            JsonObject line = Json.of(more);
            line.addProperty("device", device);
            line.addProperty("event", event);
            Agent.this.print(line);
        }

        private void print(String event, Call call, JsonElement data) {
            JsonObject shown = Json.of("callId", call.id(), "status", call.status(), "cause", call.cause(),
                    "reason", call.reason(), "rev", call.rev(), "peerId", call.peerId(), "deviceId", call.deviceId(),
                    "isOutgoing", call.isOutgoing(), "isOver", call.isOver(), "isPeerAway", call.isPeerAway(),
                    "expiresInMs", call.expiresInMs(), "media", call.media(), "mode", call.mode());
            print(event, "callId", call.id(), "call", shown, "data", data);
        }

        @Override
        public void onIncoming(Call call) {
            print("incoming", call, call.data());
        }

        @Override
        public void onOutgoing(Call call) {
            print("outgoing", call, null);
        }

        @Override
        public void onRinging(Call call) {
            print("ringing", call, null);
        }

        @Override
        public void onAccepted(Call call) {
            print("accepted", call, null);
        }

        @Override
        public void onPeer(Call call) {
            print("peer", call, null);
        }

        @Override
        public void onSignal(Call call, JsonElement data) {
            print("signal", call, data);
        }

        @Override
        public void onUpdated(Call call, JsonObject data) {
            print("updated", call, data);
        }

        @Override
        public void onEnded(Call call) {
            print("ended", call, null);
        }

        @Override
        public void onState(CallClient.State state) {
            print("state", "state", state.toString());
        }

        @Override
        public void onRegistered(JsonObject reply) {
            print("registered", "reply", reply);
        }

        @Override
        public void onStopped(String cause) {
            print("stopped", "cause", cause);
        }
    }
}
