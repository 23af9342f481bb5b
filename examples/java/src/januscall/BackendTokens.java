// SPDX-License-Identifier: MIT
package januscall;

import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import java.io.IOException;
import okhttp3.Callback;
import okhttp3.HttpUrl;
import okhttp3.MediaType;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;

/**
 * Tokens from the app's own backend: `POST /api/calls/token` with {"deviceId": …} gives {"token": …}, as in
 * examples/laravel. Each one is a new one, so it does not matter whether the last was refused.
 */
public final class BackendTokens implements CallConfig.TokenSource {
    private static final MediaType JSON = MediaType.get("application/json; charset=utf-8");

    private final okhttp3.Call.Factory http;
    private final HttpUrl url;
    private final String deviceId;

    /**
     * @param http an `OkHttpClient` that shows the backend who the user is, as for the app's other requests
     * @param backend the address under which it has `/api/calls`
     */
    public BackendTokens(okhttp3.Call.Factory http, String backend, String deviceId) {
        this.http = http;
        this.url = HttpUrl.get(backend).newBuilder().addPathSegments("api/calls/token").build();
        this.deviceId = deviceId;
    }

    @Override
    public void fetch(boolean wasRefused, CallConfig.TokenReceiver receiver) {
        RequestBody body = RequestBody.create(JSON, Json.of("deviceId", deviceId).toString());
        http.newCall(new Request.Builder().url(url).post(body).build()).enqueue(new Callback() {
            @Override
            public void onResponse(okhttp3.Call request, Response response) {
                receiver.token(tokenIn(response));
            }

            @Override
            public void onFailure(okhttp3.Call request, IOException fault) {
                receiver.token(null);
            }
        });
    }

    private static String tokenIn(Response response) {
        try (Response closing = response) {
            JsonObject answer = JsonParser.parseString(closing.body().string()).getAsJsonObject();
            return closing.isSuccessful() ? Json.text(answer, "token") : null;
        } catch (IOException | JsonParseException | IllegalStateException fault) {
            return null;
        }
    }
}
