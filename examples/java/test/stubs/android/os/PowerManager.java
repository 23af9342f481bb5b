package android.os;

public final class PowerManager {
    public static final int PARTIAL_WAKE_LOCK = 1;

    public WakeLock newWakeLock(int levelAndFlags, String tag) {
        throw new UnsupportedOperationException();
    }

    public final class WakeLock {
        public void acquire(long timeout) {
            throw new UnsupportedOperationException();
        }

        public boolean isHeld() {
            throw new UnsupportedOperationException();
        }

        public void release() {
            throw new UnsupportedOperationException();
        }
    }
}
