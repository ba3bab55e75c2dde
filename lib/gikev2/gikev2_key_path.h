// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A member's way to the keys of a Rekey SA through a tree of key encryption
 * keys (RFC 9838 section 3.3).  The member knows no tree: whatever hierarchy
 * the server keeps, each WRAP_KEY says which key it holds and which opens it.
 */
#ifndef GIKEV2_KEY_PATH_H
#define GIKEV2_KEY_PATH_H

#include "gikev2/gikev2_payload.h"

#define GIKEV2_KEY_PATH_MAX 64

struct gikev2;
struct gikev2_wrapper;

/* The Working Key Path: each key opens the one before it. */
struct gikev2_key_path {
	struct {
		uint32_t id;
		uint8_t key[GIKEV2_KWK_MAX];
	} step[GIKEV2_KEY_PATH_MAX];
	size_t count;
};

/* Copies what there is of it; of a longer one that was in *to nothing stays. */
void gikev2_key_path_copy(struct gikev2_key_path *to,
			  const struct gikev2_key_path *from);

void gikev2_key_path_wipe(struct gikev2_key_path *path);

/*
 * Opens one of the SA_KEY attributes of `bag`, which all hold the same keying
 * material under different keys, by the default KWK, by the working path, or
 * by WRAP_KEY attributes of `kd` that lead to one of these.
 *
 * *len: room, then the length of the material.  *path is the working path,
 * and afterwards the new one (section 3.3); on error it is as it was.
 * -EXCLUDED: there is no way to it.
 */
int gikev2_key_path_open(struct gikev2 *engine,
			 const struct gikev2_wrapper *wrapper,
			 const struct gikev2_pld_kd *kd,
			 const struct gikev2_bag *bag, uint8_t *plain,
			 size_t *len, struct gikev2_key_path *path);

#endif /* GIKEV2_KEY_PATH_H */
