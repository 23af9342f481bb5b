// SPDX-License-Identifier: MIT
package januscall;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;

/** What the protocol's messages need of Gson. Its trees only: nothing here is mapped to classes by reflection. */
final class Json {
    private Json() {
    }

    /** An object of names and values in turn. A value is text, a number, a boolean, JSON, or null to leave it out. */
    static JsonObject of(Object... namesAndValues) {
        JsonObject object = new JsonObject();
        for (int i = 0; i < namesAndValues.length; i += 2)
            put(object, (String) namesAndValues[i], namesAndValues[i + 1]);
        return object;
    }

    private static void put(JsonObject object, String name, Object value) {
        if (value instanceof JsonElement)
            object.add(name, (JsonElement) value);
        else if (value instanceof Number)
            object.addProperty(name, (Number) value);
        else if (value instanceof Boolean)
            object.addProperty(name, (Boolean) value);
        else if (value != null)
            object.addProperty(name, (String) value);
    }

    /** A field's text; null when it is missing, null, or no text. */
    static String text(JsonObject object, String name) {
        JsonElement value = object.get(name);
        return value != null && value.isJsonPrimitive() ? value.getAsString() : null;
    }

    static long number(JsonObject object, String name, long otherwise) {
        JsonElement value = object.get(name);
        boolean isNumber = value != null && value.isJsonPrimitive() && value.getAsJsonPrimitive().isNumber();
        return isNumber ? value.getAsLong() : otherwise;
    }

    static boolean truth(JsonObject object, String name, boolean otherwise) {
        JsonElement value = object.get(name);
        boolean isBoolean = value != null && value.isJsonPrimitive() && value.getAsJsonPrimitive().isBoolean();
        return isBoolean ? value.getAsBoolean() : otherwise;
    }

    /** A field's object; null when there is none. */
    static JsonObject object(JsonObject object, String name) {
        JsonElement value = object.get(name);
        return value != null && value.isJsonObject() ? value.getAsJsonObject() : null;
    }

    /** A field's list; an empty one when there is none. */
    static JsonArray array(JsonObject object, String name) {
        JsonElement value = object.get(name);
        return value != null && value.isJsonArray() ? value.getAsJsonArray() : new JsonArray();
    }
}
