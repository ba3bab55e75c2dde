// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reads the published vectors in tests/vectors.
 */
#ifndef VECTORS_H
#define VECTORS_H

#include <stdlib.h>

#include "test_util.h"

/* The rest of the lines of a value, up to the first that is not indented. */
static inline void vector_continue(FILE *file, char *hex, size_t size)
{
	char line[256];
	size_t len = strlen(hex);

	while (fgets(line, sizeof(line), file) && line[0] == '\t') {
		assert_true(len + strlen(line) < size);
		memcpy(hex + len, line, strlen(line) + 1);
		len += strlen(line);
	}
}

/* The value of that name in tests/vectors/NAME_OF_FILE. */
static inline struct test_octets vector(const char *file_name, const char *name)
{
	const char *top = getenv("top_srcdir");
	char path[512], line[256], hex[3 * TEST_OCTETS_MAX] = "";
	size_t len = strlen(name);
	FILE *file;

	snprintf(path, sizeof(path), "%s/tests/vectors/%s", top ? top : ".",
		 file_name);
	file = fopen(path, "r");
	if (!file)
		fail_msg("cannot read %s: set top_srcdir to the source folder",
			 path);
	while (fgets(line, sizeof(line), file)) {
		if (strncmp(line, name, len) || strncmp(line + len, " =", 2))
			continue;
		memcpy(hex, line + len + 2, strlen(line + len + 2) + 1);
		vector_continue(file, hex, sizeof(hex));
		fclose(file);
		return test_hex(hex);
	}
	fclose(file);
	fail_msg("%s has no %s", path, name);
	return (struct test_octets){ 0 };
}

#endif /* VECTORS_H */
