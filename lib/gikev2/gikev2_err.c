// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Texts and names of reasons.
 */
#include <stddef.h>

#include "gikev2/gikev2_err.h"

#define NAME_SIZE 24

static const char *const texts[GIKEV2_ERR_MAX] = {
#define X(name, text) text,
	GIKEV2_ERRORS(X)
#undef X
};

#define X(name, text)                                                          \
	_Static_assert(sizeof(#name) <= NAME_SIZE, "NAME_SIZE too small");
GIKEV2_ERRORS(X)
#undef X

/* The enum's words, until names_init() makes "bad-syntax" of BAD_SYNTAX. */
static char names[GIKEV2_ERR_MAX][NAME_SIZE] = {
#define X(name, text) #name,
	GIKEV2_ERRORS(X)
#undef X
};

/* Before main(), so that no caller in any thread sees it half done. */
__attribute__((constructor)) static void names_init(void)
{
	for (size_t i = 0; i < GIKEV2_ERR_MAX; i++) {
		for (char *c = names[i]; *c; c++) {
			if (*c == '_')
				*c = '-';
			else if (*c >= 'A' && *c <= 'Z')
				*c = (char)(*c - 'A' + 'a');
		}
	}
}

/* Unsigned negation: -INT_MIN is no int. */
static unsigned int reason(int err)
{
	return err < 0 ? 0u - (unsigned int)err : (unsigned int)err;
}

const char *gikev2_err_text(int err)
{
	return reason(err) < GIKEV2_ERR_MAX ? texts[reason(err)]
					    : "unknown reason";
}

const char *gikev2_err_name(int err)
{
	return reason(err) < GIKEV2_ERR_MAX ? names[reason(err)]
					    : "unknown reason";
}
