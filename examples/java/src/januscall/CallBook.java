// SPDX-License-Identifier: MIT
package januscall;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The calls that this device knows. Events, replies, snapshots and its own timers go in; what changed by them, the
 * listener hears, each thing once.
 */
final class CallBook {
    private static final int MAX_OVER = 256;
    private static final int MAX_EARLY = 256;
    /**
     * A caller waits so much longer than a call rings: the server's word, maybe that it was answered in the last
     * moment, is still on its way.
     */
    private static final long CALLER_PATIENCE_MS = 1000;

    private final CallClient client;
    private final CallListener listener;
    private final Map<String, Call> live = new LinkedHashMap<>();
    /** Those that are over are remembered for a while, so that what comes late or twice does not ring. */
    private final Map<String, Call> over = new LinkedHashMap<String, Call>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Call> eldest) {
            return size() > MAX_OVER;
        }
    };

    CallBook(CallClient client, CallListener listener) {
        this.client = client;
        this.listener = listener;
    }

    Call find(String callId) {
        Call call = live.get(callId);
        return call != null ? call : over.get(callId);
    }

    Collection<Call> live() {
        return new ArrayList<>(live.values());
    }

    Call add(String callId, boolean isOutgoing, String peerId) {
        Call call = new Call(client, callId, isOutgoing, peerId);
        live.put(callId, call);
        client.liveCallsChanged(true);
        return call;
    }

    // --- events ---

    void heard(String event, JsonObject facts, Object connection) {
        String callId = Json.text(facts, "callId");
        Call known = find(callId);
        Call call = known != null ? known : meet(event, callId, facts, connection);
        if (call == null)
            return;
        call.saidOn = connection;
        switch (event) {
            case "call:incoming":
            case "call:outgoing":
                said(call, Call.RINGING, facts);
                break;
            case "call:ringing":
                ringingThere(call, facts);
                break;
            case "call:accepted":
                said(call, Call.ACCEPTED, facts);
                break;
            case "call:rejected":
                said(call, "rejected", facts);
                break;
            case "call:timeout":
                said(call, "timeout", facts);
                break;
            case "call:ended":
                ended(call, facts);
                break;
            case "call:peer":
                peer(call, facts);
                break;
            case "call:signal":
                inCall(call, () -> listener.onSignal(call, facts.get("data")));
                break;
            case "call:updated":
                inCall(call, () -> listener.onUpdated(call, Json.object(facts, "data")));
                break;
            default:
                // What is not known is ignored.
                break;
        }
    }

    /**
     * An event about a call that is not known: it begins with some, and a closing one is remembered. Returns the call
     * if there is more in the event than that.
     */
    private Call meet(String event, String callId, JsonObject facts, Object connection) {
        switch (event) {
            case "call:incoming":
                listener.onIncoming(begin(callId, false, Json.text(facts, "callerId"), facts, connection));
                return null;
            case "call:outgoing":
                listener.onOutgoing(begin(callId, true, Json.text(facts, "calleeId"), facts, connection));
                return null;
            case "call:ringing":
            case "call:accepted": {
                // The app was started anew since it called.
                Call call = add(callId, true, Json.text(facts, "calleeId"));
                listener.onOutgoing(call);
                return call;
            }
            case "call:rejected":
            case "call:timeout":
            case "call:ended":
                bury(callId, facts);
                return null;
            default:
                return null;
        }
    }

    private Call begin(String callId, boolean isOutgoing, String peerId, JsonObject facts, Object connection) {
        Call call = add(callId, isOutgoing, peerId);
        call.saidOn = connection;
        said(call, Call.RINGING, facts);
        return call;
    }

    /** Should its beginning come later, it does not ring. */
    private void bury(String callId, JsonObject facts) {
        Call call = new Call(client, callId, false, null);
        call.learn("ended", facts);
        call.end();
        over.put(callId, call);
    }

    private void ringingThere(Call call, JsonObject facts) {
        if (!said(call, Call.RINGING, facts) || call.isRingingThere || call.isAccepted())
            return;
        call.isRingingThere = true;
        listener.onRinging(call);
    }

    private void ended(Call call, JsonObject facts) {
        boolean isNews = call.learn(String.valueOf(Json.text(facts, "status")), facts);
        // The end of this device's part: it counts even if it came out of order.
        if (isNews || !call.isOver())
            close(call);
    }

    /** Something of the other device: it may come before the reply to the accept of this one. */
    private void inCall(Call call, Runnable tell) {
        if (call.isAccepted())
            tell.run();
        else if (call.isRinging() && call.early.size() < MAX_EARLY)
            call.early.add(tell);
    }

    private void peer(Call call, JsonObject facts) {
        boolean isAway = "reconnecting".equals(Json.text(facts, "state"));
        if (call.isRinging()) {
            // As above; onAccepted() will find it.
            call.isPeerAway = isAway;
            return;
        }
        if (!said(call, Call.ACCEPTED, facts) || call.isPeerAway == isAway)
            return;
        call.isPeerAway = isAway;
        listener.onPeer(call);
    }

    // --- what any of them says of the call's status ---

    /** Returns whether it was not old. */
    private boolean said(Call call, String status, JsonObject facts) {
        if (call.isEndedHere && !Call.isFinal(status))
            disagree(call, status, facts);
        boolean wasAccepted = call.isAccepted();
        // Whichever message says it first, also one that was overtaken.
        if (call.isRinging())
            armExpiry(call, facts);
        // An accepted call does not ring any more, even when both are said with one rev.
        if (wasAccepted && Call.RINGING.equals(status) || !call.learn(status, facts))
            return false;
        if (Call.isFinal(status)) {
            close(call);
            return true;
        }
        if (!wasAccepted && call.isAccepted())
            accepted(call);
        return true;
    }

    private void accepted(Call call) {
        call.stopExpiry();
        listener.onAccepted(call);
        List<Runnable> early = new ArrayList<>(call.early);
        call.early.clear();
        for (Runnable tell : early)
            if (call.isAccepted())
                tell.run();
    }

    /** The client gave up on a call that lives for the server: it has to be ended there as well. */
    private void disagree(Call call, String status, JsonObject facts) {
        boolean isAnsweredHere = Call.ACCEPTED.equals(status)
                && client.config.deviceId.equals(Json.text(facts, "answeredBy"));
        if (call.isOutgoing || isAnsweredHere)
            client.endThere(call);
    }

    void close(Call call) {
        call.end();
        live.remove(call.id);
        over.put(call.id, call);
        listener.onEnded(call);
        client.liveCallsChanged(!live.isEmpty());
    }

    /** The client's own finding that a call is over. */
    void closeHere(Call call, String status, String cause) {
        if (call.isOver())
            return;
        call.endHere(status, cause);
        close(call);
    }

    void closeAllHere(String status, String cause) {
        for (Call call : live())
            closeHere(call, status, cause);
    }

    // --- the ring's end, without anybody's word ---

    private void armExpiry(Call call, JsonObject facts) {
        long expiresInMs = Json.number(facts, "expiresInMs", -1);
        if (expiresInMs < 0)
            return;
        call.stopExpiry();
        call.expiresAt = client.loop.nowMs() + expiresInMs;
        long patience = call.isOutgoing ? CALLER_PATIENCE_MS : 0;
        call.expiry = client.loop.after(expiresInMs + patience, () -> expired(call));
    }

    private void expired(Call call) {
        call.expiry = null;
        // An answer that is under way is not taken back: its reply says what it came to, or that there is none.
        if (call.isRinging() && !"call:accept".equals(call.asked))
            closeHere(call, "timeout", "no_answer");
    }

    // --- replies ---

    /** A reply to one of this client's requests about a call. */
    void replied(Call call, String request, Reply reply, Object connection) {
        call.saidOn = connection;
        if (reply.is(Reply.NO_CONNECTION))
            unanswered(call, request);
        else if (reply.isSuccess)
            said(call, statusIn(reply), reply.body);
        else
            refused(call, request, reply);
        // The ring's end may have waited for this answer.
        if (call.isRinging() && call.expiry == null && call.expiresAt != 0)
            expired(call);
    }

    private static String statusIn(Reply reply) {
        String status = Json.text(reply.body, "status");
        return status != null ? status : Call.RINGING;
    }

    /** The client has given up asking. */
    private void unanswered(Call call, String request) {
        if (request.equals("call:initiate") || request.equals("call:accept"))
            closeHere(call, "failed", Reply.NO_CONNECTION);
    }

    private void refused(Call call, String request, Reply reply) {
        if (request.equals("call:initiate")) {
            closeHere(call, "failed", reply.code);
            call.isEndedHere = false;
            return;
        }
        if (reply.is("call_not_found"))
            unknownThere(call, request);
        String status = Json.text(reply.body, "status");
        if (status == null)
            return;
        if (request.equals("call:accept") && Call.ACCEPTED.equals(status))
            answeredElsewhere(call, reply.body);
        else
            said(call, status, reply.body);
    }

    private void unknownThere(Call call, String request) {
        // The server remembers an end that overtook its call, and then does not make the call.
        if (request.equals("call:end") && call.isOutgoing && call.isRinging())
            closeHere(call, "cancelled", "cancelled");
        else
            closeHere(call, "ended", "lost");
    }

    private void answeredElsewhere(Call call, JsonObject facts) {
        if (!call.learn(Call.ACCEPTED, facts))
            return;
        call.blame("answered_elsewhere");
        close(call);
    }

    // --- snapshots ---

    /**
     * Settles what was missed. Only a list that is complete says something by its silence, and only about calls of
     * which this connection has said nothing: one may have begun after the list was made, and been heard of before it.
     */
    void settle(JsonObject registered, Object connection) {
        Map<String, Call> missing = new LinkedHashMap<>(live);
        for (JsonElement element : Json.array(registered, "calls")) {
            JsonObject snapshot = element.getAsJsonObject();
            Call call = find(Json.text(snapshot, "callId"));
            missing.remove(Json.text(snapshot, "callId"));
            if (call != null)
                settle(call, snapshot);
            else if (isTakenUpAgain(snapshot))
                takeUpAgain(snapshot);
        }
        if (!Json.truth(registered, "complete", true))
            return;
        for (Call call : missing.values())
            if (call.saidOn != connection && !"call:initiate".equals(call.asked))
                closeHere(call, "ended", "lost");
    }

    private void settle(Call call, JsonObject snapshot) {
        String status = String.valueOf(Json.text(snapshot, "status"));
        if (Call.ACCEPTED.equals(status) && isAnsweredElsewhere(call, snapshot))
            answeredElsewhere(call, snapshot);
        else
            said(call, status, snapshot);
    }

    private boolean isAnsweredElsewhere(Call call, JsonObject snapshot) {
        return !call.isOutgoing && !client.config.deviceId.equals(Json.text(snapshot, "answeredBy"));
    }

    /** The app answered on this device and was started anew since. */
    private boolean isTakenUpAgain(JsonObject snapshot) {
        return Call.ACCEPTED.equals(Json.text(snapshot, "status")) && "callee".equals(Json.text(snapshot, "role"))
                && client.config.deviceId.equals(Json.text(snapshot, "answeredBy"));
    }

    private void takeUpAgain(JsonObject snapshot) {
        said(add(Json.text(snapshot, "callId"), false, Json.text(snapshot, "callerId")), Call.ACCEPTED, snapshot);
    }

    /** The connection went: what the other side does now is not heard. */
    void cutOff() {
        for (Call call : live.values())
            call.isPeerAway = false;
    }
}
