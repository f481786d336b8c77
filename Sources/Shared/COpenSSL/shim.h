#include "pem.h"
