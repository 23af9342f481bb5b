// SPDX-License-Identifier: MIT
package januscall;

import com.google.gson.JsonObject;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import okhttp3.WebSocket;

/**
 * A device that calls and is called. It connects, registers, connects anew whenever the connection goes, and tells its
 * listener what happens. Everything is on the thread of the {@link EventLoop}: call it there, and be called there.
 */
public final class CallClient {
    public enum State {
        /** Not started, or stopped. */
        STOPPED,
        /** On the way: connecting, registering, or waiting to try again. */
        CONNECTING,
        /** The server knows this device: it rings here. */
        REGISTERED
    }

    /** A connection that lasted so long was a good one: the next pause is a short one again. */
    private static final long GOOD_CONNECTION_MS = 10_000;
    private static final long TOKEN_MS = 15_000;
    private static final long LEAVING_MS = 2_000;
    private static final long RETRY_MS = 1_000;

    final EventLoop loop;
    final CallConfig config;
    private final WebSocket.Factory sockets;
    private final CallListener listener;
    private final CallBook book;
    private final Random random = new Random();
    private final List<Kept> kept = new ArrayList<>();

    private State state = State.STOPPED;
    private Connection connection;
    private EventLoop.Timer reconnect;
    private EventLoop.Timer refresh;
    private EventLoop.Timer tokenLimit;
    private int failures;
    private long registeredAt;
    private boolean hasLiveCalls;

    /** @param sockets an `OkHttpClient`, which the app may share with the rest of its requests */
    public CallClient(WebSocket.Factory sockets, CallConfig config, EventLoop loop, CallListener listener) {
        this.sockets = sockets;
        this.config = config;
        this.loop = loop;
        this.listener = listener;
        book = new CallBook(this, listener);
    }

    // --- for the app ---

    /** Connects, and stays so. When it waits to try again it tries at once. It may be called as often as you like. */
    public void start() {
        checkThread();
        if (connection != null)
            return;
        failures = 0;
        become(State.CONNECTING);
        connect();
    }

    /** Leaves on purpose: a call that rings from here is cancelled, one that it is in hangs up. */
    public void stop() {
        checkThread();
        if (state == State.STOPPED)
            return;
        Connection last = connection;
        boolean isRegistered = state == State.REGISTERED;
        connection = null;
        halt("unregistered");
        if (last == null)
            return;
        if (!isRegistered) {
            last.leave();
            return;
        }
        EventLoop.Timer limit = loop.after(LEAVING_MS, last::leave);
        last.request(Json.of("request", "call:unregister"), reply -> {
            limit.cancel();
            last.leave();
        });
    }

    /**
     * There is a network again, or another one: connect now instead of later. With `isNew` the present connection is
     * given up, as it was made over a network that is gone.
     */
    public void networkChanged(boolean isNew) {
        checkThread();
        if (state == State.STOPPED)
            return;
        failures = 0;
        if (connection != null && isNew)
            connection.fail("the network is another one");
        if (connection == null)
            connect();
    }

    public State state() {
        return state;
    }

    /** Calls a user. See {@link #call(String, String, JsonObject, Reply.Callback)}. */
    public Call call(String calleeId) {
        return call(calleeId, null, new JsonObject(), null);
    }

    /**
     * Calls a user. The call is there at once; when it cannot be made the listener hears that it ended.
     *
     * @param callId the app's own id for it, or null for one that nobody can guess
     * @param more further fields of `call:initiate`: `media`, `mode`, `timeoutMs`, `data`
     */
    public Call call(String calleeId, String callId, JsonObject more, Reply.Callback callback) {
        checkThread();
        // With an id of our own the request can be repeated when its reply got lost.
        String id = callId != null ? callId : "CALL_" + UUID.randomUUID().toString().replace("-", "");
        Call call = book.add(id, true, calleeId);
        JsonObject fields = more.deepCopy();
        fields.addProperty("calleeId", calleeId);
        insist("call:initiate", call, fields, callback);
        return call;
    }

    /** A call that this client knows, or has known a short while ago; or null. */
    public Call find(String callId) {
        checkThread();
        return book.find(callId);
    }

    /** The calls that are not over, oldest first. */
    public Collection<Call> liveCalls() {
        checkThread();
        return book.live();
    }

    /** Any other request of the protocol, such as `call:history`. It is sent once, if there is a connection. */
    public void request(String request, JsonObject fields, Reply.Callback callback) {
        checkThread();
        JsonObject body = fields.deepCopy();
        body.addProperty("request", request);
        if (state != State.REGISTERED) {
            loop.post(() -> tell(callback, noConnection()));
            return;
        }
        connection.request(body, reply -> tell(callback, reply == null ? noConnection() : reply));
    }

    // --- requests about calls ---

    /** Sends a request about a call once. */
    void ask(String request, Call call, JsonObject fields, Reply.Callback callback) {
        fields.addProperty("callId", call.id);
        Connection on = connection;
        request(request, fields, reply -> {
            if (!reply.is(Reply.NO_CONNECTION))
                book.replied(call, request, reply, on);
            tell(callback, reply);
        });
    }

    /** A request that is kept until it is answered, over as many connections as it takes; repeating it is safe. */
    private static final class Kept {
        final String request;
        final Call call;
        final JsonObject body;
        final Reply.Callback callback;
        EventLoop.Timer limit;

        Kept(String request, Call call, JsonObject body, Reply.Callback callback) {
            this.request = request;
            this.call = call;
            this.body = body;
            this.callback = callback;
        }
    }

    void insist(String request, Call call, JsonObject fields, Reply.Callback callback) {
        checkThread();
        fields.addProperty("request", request);
        fields.addProperty("callId", call.id);
        Kept one = new Kept(request, call, fields, callback);
        kept.add(one);
        call.asked = request;
        one.limit = loop.after(config.giveUpMs, () -> settle(one, noConnection(), connection));
        if (state == State.REGISTERED)
            send(one);
        else if (state == State.STOPPED)
            loop.post(() -> settle(one, noConnection(), null));
    }

    private void send(Kept one) {
        Connection on = connection;
        on.request(one.body, reply -> {
            // Not answered: it goes out again on the next connection.
            if (reply == null)
                return;
            boolean isExpired = reply.is("token_expired");
            if ((isExpired || reply.is("not_registered")) && on == connection)
                registerAfterAll(on, isExpired);
            else if (reply.is("rate_limited") && !one.request.equals("call:initiate"))
                loop.after(Json.number(reply.body, "retryAfterMs", RETRY_MS), () -> sendAgain(one));
            else
                settle(one, reply, on);
        });
    }

    /** The registration is gone and the client did not know; what is kept is sent again afterwards. */
    private void registerAfterAll(Connection on, boolean isExpired) {
        if (state != State.REGISTERED)
            return;
        become(State.CONNECTING);
        register(on, isExpired);
    }

    /** Who answers, declines or hangs up means it; a new call too many is the user's matter. */
    private void sendAgain(Kept one) {
        if (state == State.REGISTERED && kept.contains(one))
            send(one);
    }

    private void settle(Kept one, Reply reply, Object on) {
        if (!kept.remove(one))
            return;
        one.limit.cancel();
        if (one.request.equals(one.call.asked))
            one.call.asked = null;
        book.replied(one.call, one.request, reply, on);
        tell(one.callback, reply);
    }

    /** The client is through with a call, but it lives for the server. */
    void endThere(Call call) {
        for (Kept one : kept)
            if (one.call == call && one.request.equals("call:end"))
                return;
        insist("call:end", call, new JsonObject(), null);
    }

    private static void tell(Reply.Callback callback, Reply reply) {
        if (callback != null)
            callback.onReply(reply);
    }

    private static Reply noConnection() {
        return Reply.failed(Reply.NO_CONNECTION, "there is no connection to the server");
    }

    // --- the connection ---

    private void connect() {
        cancelReconnect();
        Ears ears = new Ears();
        ears.of = connection = new Connection(sockets, config, loop, ears);
        connection.keepaliveEvery(keepaliveMs());
    }

    private final class Ears implements Connection.Owner {
        Connection of;

        @Override
        public void onReady() {
            register(of, false);
        }

        @Override
        public void onEvent(JsonObject event) {
            if (of == connection)
                heard(event);
        }

        @Override
        public void onClosed(String why) {
            if (of == connection)
                lost();
        }
    }

    /** The connection is gone: try again after a pause. */
    private void lost() {
        connection = null;
        cancelRefresh();
        book.cutOff();
        if (registeredAt != 0 && loop.nowMs() - registeredAt >= GOOD_CONNECTION_MS)
            failures = 0;
        registeredAt = 0;
        reconnect = loop.after(nextPause(), this::connect);
        become(State.CONNECTING);
    }

    /** Twice as long each time, and half of it by chance: not all clients of a server come back in the same moment. */
    private long nextPause() {
        long longest = Math.min(config.longestPauseMs, config.firstPauseMs << Math.min(failures++, 16));
        return longest / 2 + (long) (random.nextDouble() * (longest - longest / 2));
    }

    void liveCallsChanged(boolean isAnyLive) {
        hasLiveCalls = isAnyLive;
        if (connection != null)
            connection.keepaliveEvery(keepaliveMs());
    }

    private long keepaliveMs() {
        return hasLiveCalls ? config.keepaliveInCallMs : config.keepaliveMs;
    }

    // --- the registration ---

    private void register(Connection on, boolean wasRefused) {
        cancelRefresh();
        if (config.tokens == null) {
            register(on, null, wasRefused);
            return;
        }
        // A source that never answers must not keep the client waiting for ever.
        EventLoop.Timer limit = loop.after(TOKEN_MS, () -> registerLater(on, wasRefused, 0));
        tokenLimit = limit;
        config.tokens.fetch(wasRefused, token -> loop.post(() -> {
            if (tokenLimit != limit)
                return;
            cancelRefresh();
            if (token == null)
                registerLater(on, wasRefused, 0);
            else
                register(on, token, wasRefused);
        }));
    }

    /** The connection is good and stays, with the call that may be on it; only the registration has to wait. */
    private void registerLater(Connection on, boolean wasRefused, long atLeastMs) {
        cancelRefresh();
        refresh = loop.after(Math.max(atLeastMs, nextPause()), () -> register(on, wasRefused));
    }

    private void register(Connection on, String token, boolean wasRefused) {
        JsonObject body = Json.of("request", "call:register", "userId", config.userId, "deviceId", config.deviceId,
                "token", token, "displayName", config.displayName);
        on.request(body, reply -> {
            if (reply == null || on != connection)
                return;
            if (reply.isSuccess)
                registered(on, reply.body);
            else
                refused(on, reply, wasRefused);
        });
    }

    private void registered(Connection on, JsonObject reply) {
        boolean isFirst = state != State.REGISTERED;
        if (isFirst)
            registeredAt = loop.nowMs();
        refreshBefore(on, Json.number(reply, "registrationExpiresInMs", 0));
        // The listener may stop the client at any of these.
        book.settle(reply, on);
        if (on == connection)
            become(State.REGISTERED);
        if (on == connection)
            listener.onRegistered(reply);
        if (isFirst && on == connection)
            for (Kept one : new ArrayList<>(kept))
                send(one);
    }

    private void refused(Connection on, Reply reply, boolean wasRefused) {
        boolean isTokenBad = reply.is("unauthorized") || reply.is("token_expired");
        if (isTokenBad && config.tokens != null && !wasRefused) {
            register(on, true);
            return;
        }
        if (isTokenBad || reply.is("invalid_request") || reply.is("too_large") || reply.is("wrong_state"))
            dismissed(reply.code);
        else
            // Waiting may help: too many devices or requests, a store that is ill.
            registerLater(on, wasRefused, Json.number(reply.body, "retryAfterMs", 0));
    }

    /** Registers anew, with a new token, in good time before the registration ends. */
    private void refreshBefore(Connection on, long expiresInMs) {
        cancelRefresh();
        if (expiresInMs > 0)
            refresh = loop.after(expiresInMs * 4 / 5, () -> register(on, true));
    }

    private void heard(JsonObject event) {
        String name = String.valueOf(Json.text(event, "event"));
        switch (name) {
            case "call:replaced":
                // No reconnecting: two of the same device would take over from each other for ever.
                dismissed("replaced");
                break;
            case "call:unregistered":
                unregistered(String.valueOf(Json.text(event, "cause")));
                break;
            default:
                book.heard(name, event, connection);
                break;
        }
    }

    private void unregistered(String cause) {
        if (cause.equals("token_expired") && config.tokens != null)
            register(connection, true);
        else
            dismissed(cause);
    }

    /** The server does not want this device: stop. */
    private void dismissed(String cause) {
        Connection last = connection;
        connection = null;
        halt(cause);
        last.leave();
        listener.onStopped(cause);
    }

    private void halt(String cause) {
        cancelReconnect();
        cancelRefresh();
        registeredAt = 0;
        become(State.STOPPED);
        for (Kept one : new ArrayList<>(kept))
            settle(one, noConnection(), null);
        book.closeAllHere("ended", cause);
    }

    private void become(State next) {
        if (state == next)
            return;
        state = next;
        listener.onState(next);
    }

    private void cancelReconnect() {
        if (reconnect != null)
            reconnect.cancel();
        reconnect = null;
    }

    private void cancelRefresh() {
        if (refresh != null)
            refresh.cancel();
        if (tokenLimit != null)
            tokenLimit.cancel();
        refresh = tokenLimit = null;
    }

    private void checkThread() {
        if (!loop.isCurrent())
            throw new IllegalStateException("a CallClient is used on its loop's thread only");
    }
}
