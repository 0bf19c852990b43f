#pragma once

#include <stddef.h>

/// The text of `config/prices.yaml`, as it was when this was compiled. Lives as long as the program.
const unsigned char *cprices_text(void);
size_t cprices_byte_count(void);
