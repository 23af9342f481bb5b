package androidx.core.app;

public class Person {
    public static class Builder {
        public Builder setName(CharSequence name) {
            throw new UnsupportedOperationException();
        }

        public Builder setImportant(boolean important) {
            throw new UnsupportedOperationException();
        }

        public Person build() {
            throw new UnsupportedOperationException();
        }
    }
}
