package androidx.core.app;

import android.app.Notification;
import android.app.PendingIntent;
import android.content.Context;

public class NotificationCompat {
    public static final String CATEGORY_CALL = "call";

    public abstract static class Style {
    }

    public static class CallStyle extends Style {
        public static CallStyle forIncomingCall(Person person, PendingIntent declineIntent,
                PendingIntent answerIntent) {
            throw new UnsupportedOperationException();
        }

        public static CallStyle forOngoingCall(Person person, PendingIntent hangUpIntent) {
            throw new UnsupportedOperationException();
        }
    }

    public static class Builder {
        public Builder(Context context, String channelId) {
        }

        public Builder setSmallIcon(int icon) {
            throw new UnsupportedOperationException();
        }

        public Builder setStyle(Style style) {
            throw new UnsupportedOperationException();
        }

        public Builder setCategory(String category) {
            throw new UnsupportedOperationException();
        }

        public Builder setOngoing(boolean ongoing) {
            throw new UnsupportedOperationException();
        }

        public Builder setFullScreenIntent(PendingIntent intent, boolean highPriority) {
            throw new UnsupportedOperationException();
        }

        public Notification build() {
            throw new UnsupportedOperationException();
        }
    }
}
