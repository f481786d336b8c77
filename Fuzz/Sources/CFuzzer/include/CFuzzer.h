// SPDX-License-Identifier: Apache-2.0
//
// libFuzzer's way in for programs that have a main of their own, as Swift's executables do.
#pragma once
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerRunDriver(int *argc, char ***argv, int (*test)(const uint8_t *data, size_t size));
