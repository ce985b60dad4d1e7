;;; For your init file: ds-lsp in Eglot.  Needs Emacs 30, and ds-lsp.el beside the init file.

(load (locate-user-emacs-file "ds-lsp"))
(ds-lsp-global-mode)

;; Name the modes in which ds-lsp completes. Eglot runs one server per buffer: there, ds-lsp takes
;; the place of the server that Eglot would have chosen.
(add-to-list 'eglot-server-programs
             '(((python-base-mode :language-id "python") c-mode c-ts-mode c++-mode c++-ts-mode
                go-ts-mode java-mode java-ts-mode rust-ts-mode typescript-ts-mode
                (js-base-mode :language-id "javascript")
                (sh-base-mode :language-id "shellscript"))
               . ("ds-lsp" "--stdio")))
(dolist (hook '(python-base-mode-hook c-mode-hook c-ts-mode-hook c++-mode-hook c++-ts-mode-hook
                go-ts-mode-hook java-mode-hook java-ts-mode-hook rust-ts-mode-hook
                typescript-ts-mode-hook js-base-mode-hook sh-base-mode-hook))
  (add-hook hook #'eglot-ensure))
