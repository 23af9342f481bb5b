package android.content;

public class Intent {
    public static final int FLAG_ACTIVITY_NEW_TASK = 0x10000000;

    public Intent(Context packageContext, Class<?> target) {
    }

    public Intent setAction(String action) {
        throw new UnsupportedOperationException();
    }

    public String getAction() {
        throw new UnsupportedOperationException();
    }

    public Intent putExtra(String name, String value) {
        throw new UnsupportedOperationException();
    }

    public Intent putExtra(String name, long value) {
        throw new UnsupportedOperationException();
    }

    public String getStringExtra(String name) {
        throw new UnsupportedOperationException();
    }

    public long getLongExtra(String name, long defaultValue) {
        throw new UnsupportedOperationException();
    }

    public Intent addFlags(int flags) {
        throw new UnsupportedOperationException();
    }
}
