/* SPDX-License-Identifier: MIT */
/* The page of --report as it stands in src/cli/page.html, page.css and page.js: lines with their
 * ends, NULL last. Makefile.am writes them into generated/page_text.c. */
#ifndef CLI_PAGE_TEXT_H
#define CLI_PAGE_TEXT_H

extern const char *const page_html[], *const page_css[], *const page_js[];

#endif
