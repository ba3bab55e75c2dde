// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the sources behind gikev2_store.h share.
 */
#ifndef GIKEV2_STORE_PRIVATE_H
#define GIKEV2_STORE_PRIVATE_H

#include <openssl/store.h>

#include "gikev2/gikev2_err.h"
#include "gikev2/gikev2_store.h"

/* One URI being loaded. */
struct gikev2_load {
	const char *uri;
	const char *path; /* NULL: not a file */
	const char *what; /* "private key", for people */
	int type;	  /* OSSL_STORE_INFO_... */
	bool secret;
	size_t file_max;
	gikev2_passphrase_fn passphrase;
	void *arg;
	/* takes one object; NULL is never given */
	int (*take)(struct gikev2_load *load, const OSSL_STORE_INFO *info);
	void *into;
	size_t taken;
	bool asked; /* for a passphrase */
	char *problem;
	size_t size;
};

/*
 * Has every object of the type taken that the URI leads to; none is an error.
 * What is set of `load` is all above but `path`, `taken` and `asked`.
 */
int gikev2_load(struct gikev2_load *load);

/* Makes the problem "WHAT URI ..."; returns the error negated. */
__attribute__((format(printf, 3, 4))) int
gikev2_load_fail(const struct gikev2_load *load, enum gikev2_err err,
		 const char *format, ...);

#endif /* GIKEV2_STORE_PRIVATE_H */
