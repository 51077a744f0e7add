/* Arithmetic for rings of bytes whose size is a power of two: one place stays empty, so that full is not the same as empty. */
#ifndef _LINUX_CIRC_BUF_H
#define _LINUX_CIRC_BUF_H
struct circ_buf {
	char *buf;
	int head;
	int tail;
};
#define CIRC_CNT(head, tail, size)	(((head) - (tail)) & ((size) - 1))
#define CIRC_SPACE(head, tail, size)	CIRC_CNT(tail, (head) + 1, size)
/* The same, up to where the ring begins anew. */
#define CIRC_CNT_TO_END(head, tail, size) ({ int __all = CIRC_CNT(head, tail, size), __end = (size) - (tail); __all < __end ? __all : __end; })
#define CIRC_SPACE_TO_END(head, tail, size) ({ int __all = CIRC_SPACE(head, tail, size), __end = (size) - (head); __all < __end ? __all : __end; })
#endif
