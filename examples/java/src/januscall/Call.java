// SPDX-License-Identifier: MIT
package januscall;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.util.ArrayList;
import java.util.List;

/**
 * One call, as this device knows it. What it knows grows by events, replies and snapshots, in whatever order they come:
 * nothing with a lower `rev` changes it, a final status beats a live one, and nothing follows the end.
 */
public final class Call {
    public static final String RINGING = "ringing";
    public static final String ACCEPTED = "accepted";

    final CallClient client;
    final String id;
    final boolean isOutgoing;
    String peerId;
    String peerName;
    JsonObject media;
    String mode;
    JsonObject data;
    JsonObject join;

    private String status = RINGING;
    private String cause;
    private String reason;
    private String deviceId;
    private long durationMs;
    private long rev;
    private boolean isOver;
    boolean isRingingThere;
    boolean isPeerAway;

    /** The end is this client's own finding; the server may think otherwise. */
    boolean isEndedHere;
    /** The client's request about it that has no answer yet, such as `call:accept`. */
    String asked;
    /** The connection on which something was last said about it. */
    Object saidOn;
    EventLoop.Timer expiry;
    /** What the other device sent in the call before this one knew that it is in it. */
    final List<Runnable> early = new ArrayList<>();
    /** On the loop's clock; 0 when it is not known. */
    long expiresAt;

    Call(CallClient client, String id, boolean isOutgoing, String peerId) {
        this.client = client;
        this.id = id;
        this.isOutgoing = isOutgoing;
        this.peerId = peerId;
    }

    static boolean isFinal(String status) {
        return !RINGING.equals(status) && !ACCEPTED.equals(status);
    }

    /** Takes over what a record, an event or a reply says, unless it is old. Returns whether it was not. */
    boolean learn(String newStatus, JsonObject facts) {
        long newRev = Json.number(facts, "rev", rev);
        // What never changes is good from anywhere.
        peerName = or(Json.text(facts, "callerName"), peerName);
        mode = or(Json.text(facts, "mode"), mode);
        media = or(Json.object(facts, "media"), media);
        data = or(Json.object(facts, "data"), data);
        join = or(Json.object(facts, "join"), join);
        if (isOver || !isFinal(newStatus) && newRev < rev)
            return false;
        rev = Math.max(rev, newRev);
        status = newStatus;
        cause = or(Json.text(facts, "cause"), cause);
        reason = or(Json.text(facts, "reason"), reason);
        deviceId = or(Json.text(facts, "answeredBy"), or(Json.text(facts, "deviceId"), deviceId));
        durationMs = Json.number(facts, "durationMs", durationMs);
        return true;
    }

    private static <T> T or(T value, T otherwise) {
        return value != null ? value : otherwise;
    }

    /** Over for this device, whatever its status is for others. */
    void end() {
        isOver = true;
        early.clear();
        stopExpiry();
    }

    void endHere(String endStatus, String endCause) {
        status = endStatus;
        cause = endCause;
        isEndedHere = true;
        end();
    }

    /** For an end whose cause is another one for this device than for the caller. */
    void blame(String endCause) {
        cause = endCause;
    }

    void stopExpiry() {
        if (expiry != null)
            expiry.cancel();
        expiry = null;
    }

    // --- what it is ---

    public String id() {
        return id;
    }

    /** Whether this device's user is the caller. */
    public boolean isOutgoing() {
        return isOutgoing;
    }

    /** The other user. */
    public String peerId() {
        return peerId;
    }

    /** The caller's name for people, or null. */
    public String peerName() {
        return peerName;
    }

    /** As the caller gave it, such as {"audio": true, "video": false}; null until the server has said it. */
    public JsonObject media() {
        return media;
    }

    public String mode() {
        return mode;
    }

    /** What the caller sent along, or null. */
    public JsonObject data() {
        return data;
    }

    /** What the media needs once the call is accepted, or null. */
    public JsonObject join() {
        return join;
    }

    // --- how it is ---

    /** A word of the protocol's section 4. */
    public String status() {
        return status;
    }

    /**
     * Why it is over: a word of the protocol's section 5; the code of the refusal of its `call:initiate`; what stopped
     * the client; or one of this client's own: `no_connection` (the server never answered), `lost` (the server does
     * not know it any more).
     */
    public String cause() {
        return cause;
    }

    /** A text for people that came with the end, or null. */
    public String reason() {
        return reason;
    }

    public long rev() {
        return rev;
    }

    /** The other user's device that answered or declined, as far as it was said. */
    public String deviceId() {
        return deviceId;
    }

    /** How long it lasted, once it has ended after an answer. */
    public long durationMs() {
        return durationMs;
    }

    /** Nothing more comes. True also for a device of the callee when another one answered. */
    public boolean isOver() {
        return isOver;
    }

    public boolean isRinging() {
        return !isOver && RINGING.equals(status);
    }

    /** This device is in the call. */
    public boolean isAccepted() {
        return !isOver && ACCEPTED.equals(status);
    }

    /** A device of the callee has shown it to its user. */
    public boolean isRingingThere() {
        return isRingingThere;
    }

    /** The other device lost its connection, and the call waits for it. */
    public boolean isPeerAway() {
        return isPeerAway;
    }

    /** How long it still rings; 0 when it does not, or when that is not known. */
    public long expiresInMs() {
        return isRinging() && expiresAt != 0 ? Math.max(0, expiresAt - client.loop.nowMs()) : 0;
    }

    // --- what to do with it. Callbacks may be null ---

    /** The user sees it now: the caller hears so. */
    public void ringing() {
        client.ask("call:ringing", this, Json.of(), null);
    }

    public void accept(Reply.Callback callback) {
        client.insist("call:accept", this, Json.of(), callback);
    }

    /** @param reason a text for the caller, or null */
    public void reject(String reason, Reply.Callback callback) {
        client.insist("call:reject", this, Json.of("reason", reason), callback);
    }

    /** Declines because the user is in another call. */
    public void rejectAsBusy(Reply.Callback callback) {
        client.insist("call:reject", this, Json.of("cause", "busy"), callback);
    }

    /** Cancels it, declines it or hangs up, whichever it is now. */
    public void end(String reason, Reply.Callback callback) {
        client.insist("call:end", this, Json.of("reason", reason), callback);
    }

    /** To the other device: SDP, candidates, anything. */
    public void signal(JsonElement content, Reply.Callback callback) {
        client.ask("call:signal", this, Json.of("data", content), callback);
    }

    /** Tells the other device what its user is to see, such as {"audio": false}. */
    public void update(JsonObject content, Reply.Callback callback) {
        client.ask("call:update", this, Json.of("data", content), callback);
    }

    @Override
    public String toString() {
        return id + " " + status + (cause == null ? "" : " (" + cause + ")") + " rev " + rev;
    }
}
