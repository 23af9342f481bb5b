// SPDX-License-Identifier: MIT
package januscall;

/** Who the device is, where the server is, and how patient the client is. Set it before the client is made. */
public final class CallConfig {
    /** Gives the token that says who the user is. Called on the client's thread; must not block it. */
    public interface TokenSource {
        /**
         * Fetch a token and hand it to `receiver`, on any thread.
         *
         * @param wasRefused the last one is not good any more: one that was kept does not do
         */
        void fetch(boolean wasRefused, TokenReceiver receiver);
    }

    public interface TokenReceiver {
        /** The token, or null when there was none to be had: the client tries again later. */
        void token(String token);
    }

    /** ws:// or wss://, with the path that the server's proxy wants. */
    public final String url;
    /** May be null when a token says it. */
    public final String userId;
    /** Lasts as long as the installation of the app: make it once, and keep it. */
    public final String deviceId;

    /** The name that those who are called see. */
    public String displayName;
    /** Null: the server believes the userId. */
    public TokenSource tokens;

    /** How often the server hears that the client is there. Janus drops a session after 60 s of silence. */
    public long keepaliveMs = 25_000;
    /** The same while there is a call, so that a dead connection is noticed within the caller's grace of 12 s. */
    public long keepaliveInCallMs = 5_000;
    /** An answer that takes longer means that the connection is dead, however open it looks. */
    public long answerMs = 5_000;
    /** How long a connection may take until it is ready for requests. */
    public long connectMs = 10_000;
    /** The first pause before connecting anew; each further one is twice as long, up to the longest. */
    public long firstPauseMs = 500;
    public long longestPauseMs = 30_000;
    /**
     * How long a call's initiate, accept, reject or end is kept, and sent again, while there is no connection. The
     * server itself does not wait for a device for longer than this.
     */
    public long giveUpMs = 30_000;

    public CallConfig(String url, String userId, String deviceId) {
        if (deviceId == null)
            throw new IllegalArgumentException("deviceId: is needed to come back as the same device");
        this.url = url;
        this.userId = userId;
        this.deviceId = deviceId;
    }
}
