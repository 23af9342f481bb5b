package android.os;

public class Handler {
    public Handler(Looper looper) {
    }

    public final boolean post(Runnable task) {
        throw new UnsupportedOperationException();
    }

    public final boolean postDelayed(Runnable task, long delayMillis) {
        throw new UnsupportedOperationException();
    }

    public final void removeCallbacks(Runnable task) {
        throw new UnsupportedOperationException();
    }
}
