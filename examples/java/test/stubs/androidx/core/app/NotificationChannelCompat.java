package androidx.core.app;

public class NotificationChannelCompat {
    public static class Builder {
        public Builder(String id, int importance) {
        }

        public Builder setName(CharSequence name) {
            throw new UnsupportedOperationException();
        }

        public NotificationChannelCompat build() {
            throw new UnsupportedOperationException();
        }
    }
}
