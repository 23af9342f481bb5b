// SPDX-License-Identifier: MIT
package januscall;

import com.google.gson.JsonObject;

/** What came of a request: the server's reply, its refusal, or that there is neither. */
public final class Reply {
    /** The code of a request that was not answered. Whether the server carried it out is not known. */
    public static final String NO_CONNECTION = "no_connection";

    /** Hears of a reply, on the client's thread. */
    public interface Callback {
        void onReply(Reply reply);
    }

    /** The reply as it came; of a request that was not answered only `code` and `error`. */
    public final JsonObject body;
    public final boolean isSuccess;
    /** Why it was refused, a word of the protocol's section 7, or {@link #NO_CONNECTION}; null on success. */
    public final String code;

    private Reply(JsonObject body, boolean isSuccess, String code) {
        this.body = body;
        this.isSuccess = isSuccess;
        this.code = code;
    }

    static Reply of(JsonObject body) {
        boolean isSuccess = "success".equals(Json.text(body, "call"));
        return new Reply(body, isSuccess, isSuccess ? null : Json.text(body, "code"));
    }

    static Reply failed(String code, String error) {
        return new Reply(Json.of("code", code, "error", error), false, code);
    }

    /** A text for people about a request that did not succeed; null otherwise. */
    public String error() {
        return Json.text(body, "error");
    }

    boolean is(String refusal) {
        return refusal.equals(code);
    }

    @Override
    public String toString() {
        return body.toString();
    }
}
