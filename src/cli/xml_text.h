/* Text of configurations in XML documents. What XML 1.0 cannot hold, not even as a reference,
 * becomes U+FFFD: control characters, what is not UTF-8, U+FFFE and U+FFFF. */
#ifndef CLI_XML_TEXT_H
#define CLI_XML_TEXT_H

#include "base/slice.h"

#include <stdbool.h>
#include <stdio.h>

/* In an attribute line ends and tabs are references, or a reader makes spaces of them. */
void xml_write_text(FILE *out, struct slice text, bool is_attribute);

/* A space, and NAME="VALUE". */
void xml_write_attribute(FILE *out, const char *name, struct slice value);

#endif
