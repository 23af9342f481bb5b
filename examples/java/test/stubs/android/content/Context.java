package android.content;

public abstract class Context {
    public static final int MODE_PRIVATE = 0;

    public abstract Context getApplicationContext();

    public final <T> T getSystemService(Class<T> serviceClass) {
        throw new UnsupportedOperationException();
    }

    public abstract SharedPreferences getSharedPreferences(String name, int mode);
}
