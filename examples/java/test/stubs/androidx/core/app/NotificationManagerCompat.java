package androidx.core.app;

import android.content.Context;

public final class NotificationManagerCompat {
    public static final int IMPORTANCE_HIGH = 4;

    public static NotificationManagerCompat from(Context context) {
        throw new UnsupportedOperationException();
    }

    public void createNotificationChannel(NotificationChannelCompat channel) {
        throw new UnsupportedOperationException();
    }
}
