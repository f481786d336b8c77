// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "pem.h"
#include <openssl/evp.h>
