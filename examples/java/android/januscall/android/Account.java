// SPDX-License-Identifier: MIT
package januscall.android;

import android.content.Context;
import android.content.SharedPreferences;
import java.io.IOException;
import java.util.UUID;
import okhttp3.Interceptor;
import okhttp3.Response;

/** Who the user is: what an app has already. Replace this class by yours. */
final class Account implements Interceptor {
    private final Context context;

    Account(Context context) {
        this.context = context;
    }

    /** Shows the backend who asks. */
    @Override
    public Response intercept(Chain chain) throws IOException {
        return chain.proceed(chain.request().newBuilder()
                .header("Authorization", "Bearer " + session(context)).build());
    }

    static String userId(Context context) {
        return preferences(context).getString("userId", null);
    }

    private static String session(Context context) {
        return preferences(context).getString("session", "");
    }

    /** Made once, and gone with the app: the device is the same one after every start. */
    static synchronized String installationId(Context context) {
        SharedPreferences preferences = preferences(context);
        String id = preferences.getString("installationId", null);
        if (id == null) {
            id = UUID.randomUUID().toString();
            preferences.edit().putString("installationId", id).apply();
        }
        return id;
    }

    /** Yours: tell the backend where to push to, with `POST /api/push-tokens` or what yours has. */
    static void sendPushToken(Context context, String token) {
        preferences(context).edit().putString("pushToken", token).apply();
    }

    private static SharedPreferences preferences(Context context) {
        return context.getSharedPreferences("account", Context.MODE_PRIVATE);
    }
}
