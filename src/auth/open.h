/* Everybody is who they say: for trying out. */
#pragma once

#include "ports/auth.h"

Auth *open_auth_new(void);
