#include "ports/store.h"

G_DEFINE_QUARK(call-store-error-quark, store_error)
