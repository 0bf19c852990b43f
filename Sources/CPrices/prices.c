#include "CPrices.h"

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wc23-extensions"
static const unsigned char text[] = {
#embed "../../config/prices.yaml"
};
#pragma clang diagnostic pop

const unsigned char *cprices_text(void) { return text; }
size_t cprices_byte_count(void) { return sizeof text; }
