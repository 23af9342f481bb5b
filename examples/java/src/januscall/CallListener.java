// SPDX-License-Identifier: MIT
package januscall;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;

/** What the app hears of, on the client's thread. */
public interface CallListener {
    /** Somebody calls: ring. Once for each call. Say {@link Call#ringing()} when the user sees it. */
    default void onIncoming(Call call) {
    }

    /**
     * A call of this device that the app did not start by {@link CallClient#call}: the backend did, or the app was
     * started anew in the middle of it.
     */
    default void onOutgoing(Call call) {
    }

    /** The first device of the callee shows the call to its user. */
    default void onRinging(Call call) {
    }

    /** The call is answered, and this device is in it: begin with the media. */
    default void onAccepted(Call call) {
    }

    /** In the call the other device lost its connection, or is back: {@link Call#isPeerAway()}. */
    default void onPeer(Call call) {
    }

    /** The other device sent this. */
    default void onSignal(Call call, JsonElement data) {
    }

    /** The other device says this of itself: muted, on hold. */
    default void onUpdated(Call call, JsonObject data) {
    }

    /** The call is over here: stop ringing, stop the media. Once for each call; {@link Call#cause()} says why. */
    default void onEnded(Call call) {
    }

    /** Connected, or not any more: {@link CallClient#state()}. */
    default void onState(CallClient.State state) {
    }

    /**
     * Registered, for the first time or anew. In `calls` of the reply is what was missed; calls that this client has
     * are settled already.
     */
    default void onRegistered(JsonObject reply) {
    }

    /**
     * The client has stopped by itself, and will not connect again before {@link CallClient#start}.
     *
     * @param cause `replaced`: this device registered elsewhere; `admin`: an operator took it off; or the code of a
     *     refusal that waiting does not mend, such as `unauthorized`
     */
    default void onStopped(String cause) {
    }
}
