return Atalaya.Verify.VerifyCommand.Run(args, Console.Out, Console.Error, Atalaya.Verify.KeptKeys.Usual());
