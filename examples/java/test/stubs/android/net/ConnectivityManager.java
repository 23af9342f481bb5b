package android.net;

public class ConnectivityManager {
    public void registerDefaultNetworkCallback(NetworkCallback networkCallback) {
        throw new UnsupportedOperationException();
    }

    public static class NetworkCallback {
        public void onAvailable(Network network) {
        }
    }
}
