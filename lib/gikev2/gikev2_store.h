// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Keys, certificates and CRLs by URI, through OSSL_STORE.  This is for the
 * daemon: it is the one source of this folder that reads files, and the engine
 * never calls it.
 *
 * A URI is a path, "file:" and a path (percent signs mean themselves), or what
 * a provider of OpenSSL understands, as "pkcs11:token=mrkm;object=r1".  Files
 * are PEM (with any number of objects, of which those that are wanted are
 * taken), DER or PKCS#12.  A file that a URI names as its pin-source (RFC 7512)
 * must be nobody's but its owner's.
 *
 * Functions return 0 or a negated enum gikev2_err, and then `problem` is one
 * line that names the URI (without its PIN) and says what to do; its size is
 * GIKEV2_PROBLEM_MAX.  Nobody is asked on a terminal, neither here nor by
 * anything else of OpenSSL in this process from the first call on.
 */
#ifndef GIKEV2_STORE_H
#define GIKEV2_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gikev2/gikev2_cert.h"

/*
 * Writes the passphrase or PIN for `uri` into buf and returns its length, or a
 * negative number when there is none.  May be NULL: then what is encrypted is
 * refused.
 */
typedef int (*gikev2_passphrase_fn)(void *arg, const char *uri, char *buf,
				    size_t size);

/*
 * Loads the one private key that the URI names.  A file must be nobody's but
 * its owner's.  -NO_CREDENTIAL, or -KEY_REFUSED for a key that signs nothing
 * here.
 */
int gikev2_store_private_key(const char *uri, gikev2_passphrase_fn passphrase,
			     void *arg, struct gikev2_key **key, char *problem,
			     size_t size);

/* Loads a public key: that of a peer without certificates (RFC 7670). */
int gikev2_store_public_key(const char *uri, struct gikev2_key **key,
			    char *problem, size_t size);

/*
 * Loads a private key and the certificates for it, that of the key and those
 * of the CAs above it, in any order.  cert_uri NULL: a raw public key.
 */
int gikev2_store_credential(const char *key_uri, const char *cert_uri,
			    gikev2_passphrase_fn passphrase, void *arg,
			    struct gikev2_credential **credential,
			    char *problem, size_t size);

/*
 * Adds all certificates, or CRLs, that the URI names.  After a failure some of
 * them may have been added: make anchors anew for each attempt.
 */
int gikev2_store_trust(const char *uri, enum gikev2_trust kind,
		       struct gikev2_anchors *anchors, char *problem,
		       size_t size);

/* What a file was like; all zero at first. */
struct gikev2_store_stamp {
	uint64_t device, inode, size;
	int64_t seconds, nanoseconds; /* of its modification */
};

/*
 * Is the file another than it was at the last call with this stamp?  To be
 * called before it is read, so that a change in between is seen at the next
 * call.  What is not a file never changes; one that went away did.
 */
bool gikev2_store_changed(const char *uri, struct gikev2_store_stamp *stamp);

#endif /* GIKEV2_STORE_H */
