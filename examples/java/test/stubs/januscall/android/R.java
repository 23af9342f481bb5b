package januscall.android;

final class R {
    static final class drawable {
        static final int call = 1;
    }
}
